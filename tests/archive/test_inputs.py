"""Whatever a recording's published form depends on: a change of it reaches every stage."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cunshi.archive.accession import Accession
from cunshi.archive.cache import inputs
from cunshi.archive.cache.inputs import inputs_of, shared_inputs, site_inputs
from cunshi.archive.cache.recording_cache import RecordingCache
from cunshi.archive.fixity.manifest import format_manifest, sha256_of
from cunshi.archive.machine_json import MachineTranscript, format_machine_json
from cunshi.archive.project import Project
from cunshi.archive.records import write_recording
from cunshi.archive.transcript_file import format_draft
from cunshi.catalogue import transcripts
from cunshi.catalogue.transcripts import read_transcripts
from cunshi.core.progress import SilentReporter
from cunshi.domain.consent import Consent
from cunshi.domain.course import Catalogue, Clip, ClipRef, Course, Entry
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Coverage, Segment, TranscriptStatus
from cunshi.exports.classroom import build_kits
from cunshi.review.todo import status_cache
from cunshi.review.todo.status_cache import StatusCache
from cunshi.transcription import evaluation, jobs
from cunshi.transcription.jobs import Choice
from cunshi.website import recording_files
from cunshi.website.up_to_date import SiteStamp
from support.pages import make_lesson
from support.village import new_village, settle

ID = "20260201-eacd48b3"
LINES = (Segment(0.5, 4.0, "勤俭持家。"), Segment(5.0, 9.0, "读书明理。"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A village with one motto: sound, a photo, words that the family wrote, and two drafts."""
    project = new_village(tmp_path / "village")
    accession = project.accession(ID)
    accession.master.mkdir(parents=True)
    for suffix, data in ((".m4a", "sound"), (".jpg", "photo"), (".txt", "勤俭持家，读书明理")):
        (accession.master / f"{ID}{suffix}").write_text(data, "utf-8")
    hashes = {f"master/{path.name}": sha256_of(path) for path in accession.master.iterdir()}
    accession.manifest.write_text(format_manifest(hashes), "utf-8")
    consent = Consent(by="王老师")
    said = Description(narrator="金家", village="金村村", consent=consent, approved_by="王老师")
    technical = Technical("mov", "aac", 10.0, 44_100, 1)
    master = f"{ID}.m4a"
    recording = Recording(ID, Kind.MOTTO, master, "", "家训.m4a", technical, said)
    accession.record.write_text(write_recording(recording), "utf-8")
    accession.transcript.write_text(format_draft(ID, "faster-whisper base", LINES), "utf-8")
    accession.machine.write_text(machine_json("base", 8.0), "utf-8")
    accession.machine.with_name("machine-0a1b2c3d.json").write_text(machine_json("tiny", 7.0))
    for path in accession.folder.rglob("*"):
        settle(path)
    return project


def machine_json(model: str, covered: float) -> str:
    heard = MachineTranscript(
        recording=ID,
        master_sha256="0" * 64,
        engine="faster-whisper",
        engine_version="1",
        model=model,
        model_sha256="1" * 64,
        options={},
        language="cmn",
        segments=LINES,
        confidence=({}, {}),
        coverage=Coverage(9.0, covered),
    )
    return format_machine_json(heard)


def recording_of(project: Project) -> Recording:
    return project.read_recording(project.accession(ID), [])


def read(project: Project, recording: Recording) -> RecordingCache:
    """Read a recording's transcript as a build does, without saving what is made of it."""
    archive = project.read_archive([])
    cache = RecordingCache(project, archive)
    read_transcripts(project, archive, [recording], [], cache)
    return cache


Work = Callable[[Recording], bool]


class Stages:
    """The stages of a build; each tells whether it has worked on a recording in this run."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch):
        self.project, self._patch = project, monkeypatch

    def run(self, stage: str, recording: Recording) -> bool:
        with self._patch.context() as patch:
            found: bool = getattr(self, stage)(recording, patch)
            return found

    def site(self, recording: Recording, patch: pytest.MonkeyPatch) -> bool:
        stamp = SiteStamp(self.project, [recording], "day")
        works = not stamp.is_current
        stamp.record([], {})
        return works

    def words(self, recording: Recording, patch: pytest.MonkeyPatch) -> bool:
        parsed, real = list[str](), transcripts.transcript_of
        patch.setattr(transcripts, "transcript_of", lambda *a: [parsed.append(ID), real(*a)][1])
        read(self.project, recording).save()
        return bool(parsed)

    def pages(self, recording: Recording, patch: pytest.MonkeyPatch) -> bool:
        archive, written = self.project.read_archive([]), list[str]()
        cache = RecordingCache(self.project, archive)
        found = read_transcripts(self.project, archive, [recording], [], cache)
        entry = Entry(recording, found[ID], f"audio/{ID}.m4a")
        write = recording_files.write_pages
        patch.setattr(recording_files, "write_pages", lambda *a: [written.append(ID), write(*a)][1])
        recording_files.write_single(self.project, catalogue_of(archive, entry), entry)
        cache.save()
        return bool(written)

    def transcription(self, recording: Recording, patch: pytest.MonkeyPatch) -> bool:
        waiting = list[Recording]()

        def hear(project: Project, recordings: list[Recording], *__: object) -> object:
            waiting.extend(recordings)
            return [], []

        patch.setattr(jobs, "_hear", hear)
        archive, choice = self.project.read_archive([]), Choice(engine="null")
        done = jobs.transcribe_all(self.project, [recording], archive, choice, SilentReporter())
        assert not done.problems
        return bool(waiting)

    def error_rate(self, recording: Recording, patch: pytest.MonkeyPatch) -> bool:
        evaluated = list[str]()

        def evaluate(project: Project, ids: list[str], problems: object) -> dict[str, object]:
            evaluated.extend(ids)
            return {id_: [[], False] for id_ in ids}

        patch.setattr(evaluation, "_evaluate_in_process", evaluate)
        evaluation.measure(self.project, [recording], [])
        return bool(evaluated)

    def kits(self, recording: Recording, patch: pytest.MonkeyPatch) -> bool:
        made = list[str]()
        patch.setattr(build_kits, "_make", lambda *__: [made.append(ID), ({}, {})][1])
        archive = self.project.read_archive([])
        entry = Entry(recording, transcripts.Transcript())
        build_kits.Kits(self.project, catalogue_of(archive, entry)).finish()
        return bool(made)


def catalogue_of(archive: Archive, entry: Entry) -> Catalogue:
    """A course whose one lesson cites a recording."""
    ref = ClipRef(ID, 0.5, 4.0, "", "courses/01-x/lesson.md", 1)
    clip = Clip(ref, "勤俭持家。", TranscriptStatus.APPROVED, audio="clips/x.m4a")
    course = Course("村史", "", "", "王老师", ())
    return Catalogue(archive, course, ((make_lesson(), (clip,)),), (entry,), (), ())


@pytest.fixture
def stages(project: Project, monkeypatch: pytest.MonkeyPatch) -> Stages:
    return Stages(project, monkeypatch)


STAGES = ["site", "words", "pages", "transcription", "error_rate", "kits"]
Change = Callable[[Accession], object]


def same_size_and_time(name: str, old: str, new: str) -> Change:
    """Change a word of a text so that only its bytes tell of it."""

    def change(accession: Accession) -> None:
        path = accession.folder / name
        stat, text = path.stat(), path.read_text("utf-8")
        assert old in text and len(old.encode()) == len(new.encode())
        path.write_text(text.replace(old, new), "utf-8")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    return change


def touch(name: str) -> Change:
    return lambda accession: settle(accession.folder / name, 1)


CHANGES: dict[str, Change] = {
    "transcript.vtt": same_size_and_time("transcript.vtt", "勤俭", "俭朴"),
    f"master/{ID}.txt": same_size_and_time(f"master/{ID}.txt", "勤俭", "俭朴"),
    "machine.json": touch("machine.json"),
    "machine-0a1b2c3d.json": touch("machine-0a1b2c3d.json"),
    f"master/{ID}.m4a": touch(f"master/{ID}.m4a"),
    f"master/{ID}.jpg": touch(f"master/{ID}.jpg"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_change_of_each_input_makes_a_stage_work_again(
    stages: Stages, project: Project, stage: str
) -> None:
    accession, recording = project.accession(ID), recording_of(project)
    listed = inputs_of(project, recording)
    names = [p.relative_to(accession.folder).as_posix() for p in (*listed.texts, *listed.files)]
    assert set(names) == set(CHANGES)  # another input needs another change here
    assert stages.run(stage, recording)
    assert not stages.run(stage, recording)
    for name, change in CHANGES.items():
        change(accession)
        assert stages.run(stage, recording), name
        assert not stages.run(stage, recording), name
    other = replace(recording, description=replace(recording.description, title="新"))
    assert stages.run(stage, other)


@pytest.mark.parametrize("stage", STAGES)
def test_a_file_that_is_added_to_the_inputs_is_one_of_every_stage(
    stages: Stages, project: Project, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    texts_of, files = inputs.texts_of, inputs._files

    def more_texts(accession: Accession, recording: Recording) -> Iterator[Path]:
        yield from texts_of(accession, recording)
        yield accession.folder / "chapters.yml"

    def more_files(accession: Accession) -> Iterator[Path]:
        yield from files(accession)
        yield accession.folder / "made.bin"

    monkeypatch.setattr(inputs, "texts_of", more_texts)
    monkeypatch.setattr(inputs, "_files", more_files)
    recording, folder = recording_of(project), project.accession(ID).folder
    assert stages.run(stage, recording)
    for name in ("chapters.yml", "made.bin"):
        for text in ("甲", "乙乙"):  # it appears, and it changes
            (folder / name).write_text(text, "utf-8")
            assert stages.run(stage, recording), (name, text)
            assert not stages.run(stage, recording), (name, text)


@pytest.mark.parametrize("stage", ["site", "words", "pages", "kits"])
def test_what_is_written_about_several_recordings_reaches_the_pages_of_all(
    stages: Stages, project: Project, stage: str
) -> None:
    recording = recording_of(project)
    assert stages.run(stage, recording)
    assert not stages.run(stage, recording)
    for path in shared_inputs(project).texts:
        append(path, "# 变了\n")
        assert stages.run(stage, recording), path
        assert not stages.run(stage, recording), path


def append(path: Path, text: str) -> None:
    """Append to a text, which may not be there yet."""
    before = path.read_text("utf-8") if path.exists() else ""
    path.write_text(before + text, "utf-8")


@pytest.mark.parametrize("stage", ["site", "transcription", "error_rate", "kits"])
def test_while_a_text_cannot_be_read_no_stage_is_done(
    stages: Stages, project: Project, stage: str
) -> None:
    recording, transcript = recording_of(project), project.accession(ID).transcript
    transcript.unlink()
    transcript.mkdir()  # what nobody can read, not even an administrator
    for __ in range(2):
        assert stages.run(stage, recording)


def test_a_change_of_each_text_of_the_site_makes_the_site_anew(
    stages: Stages, project: Project
) -> None:
    recording = recording_of(project)
    assert stages.run("site", recording)
    names = set()
    for path in site_inputs(project).texts:
        names.add(path.name)
        append(path, "\n")
        assert stages.run("site", recording), path
        assert not stages.run("site", recording), path
    assert names >= {"archive.yml", "glossary.yml", "mkdocs.yml", "course.yml", "lesson.md"}
    picture = project.courses / "picture.png"
    picture.write_bytes(b"picture")
    assert stages.run("site", recording)
    picture.rename(picture.with_name("renamed.png"))
    assert stages.run("site", recording)
    assert not stages.run("site", recording)


def test_the_desks_list_is_read_again_with_each_text(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    accession, read = project.accession(ID), list[str]()
    real = status_cache.read_transcript
    monkeypatch.setattr(status_cache, "read_transcript", lambda *a: [read.append(ID), real(*a)][1])
    for path in inputs_of(project, recording_of(project)).texts:
        read.clear()
        settle(path, 1)
        for __ in range(2):
            StatusCache(project).all()
        assert read == [ID], path
    assert accession.transcript.is_file()


def test_a_new_machine_json_is_read_although_nobody_touched_the_transcript(
    project: Project,
) -> None:
    archive, recording = project.read_archive([]), recording_of(project)

    def transcript() -> transcripts.Transcript:
        cache = RecordingCache(project, archive)
        found = read_transcripts(project, archive, [recording], [], cache)[ID]
        cache.save()
        return found

    assert transcript().coverage == Coverage(9.0, 8.0)
    assert transcript().coverage == Coverage(9.0, 8.0)
    project.accession(ID).machine.write_text(machine_json("base", 6.5), "utf-8")
    assert transcript().coverage == Coverage(9.0, 6.5)
