"""What is published, by the uses and names of a consent: nothing of the rest is in any file."""

import re
import zipfile
from pathlib import Path

from cunshi import workflow
from cunshi.archive.project import Project
from cunshi.core.progress import SilentReporter
from cunshi.domain.settings import Destination
from cunshi.transcription.jobs import Choice
from cunshi.workflow.results import Built, Published
from support.consents import add_consent_form, write_sidecar
from support.village import settle

RECORDED = Choice("recorded")


def built(project: Project) -> Built:
    report = workflow.build(project, SilentReporter(), RECORDED)
    assert report.wrong == []
    return report


def texts_below(folder: Path) -> str:
    """Return all text in the files of a folder, and in zip files."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.append(path.relative_to(folder).as_posix())
        data = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                data = [name.encode() + packed.read(name) for name in packed.namelist()]
        found += [part.decode("utf-8", "replace") for part in data]
    return "\n".join(found)


def test_a_name_that_is_not_to_be_shown_is_nowhere(told: tuple[Project, str, str]) -> None:
    project, shown, __ = told
    assert "金老师" in texts_below(project.site)
    write_sidecar(project, "金村村_金老师", "同意: {签署人: 金老师, 署名: 东街老伯}\n题名: 村名\n")
    cues = project.accession(shown).transcript
    spoken = re.sub(r"(-->.*\n)", r"\1<v 金老师>", cues.read_text("utf-8"))
    cues.write_text(spoken, "utf-8")
    assert workflow.draft_lesson(project, 1, [shown], "cunming").wrong == []
    (project.courses / "course.yml").write_text("title: 村史\nlessons: [01-cunming]\n", "utf-8")
    built(project)
    everything = texts_below(project.site)
    for page in ("recordings", "lessons", "kits", "search"):
        assert "东街老伯" in texts_below(project.site / page), page
    assert "金老师" not in everything
    assert "金老师" in project.accession(shown).record.read_text("utf-8")
    workflow.pack(project, SilentReporter(), None)
    [pack] = project.root.glob("build/*.zip")
    with zipfile.ZipFile(pack) as packed:
        packed.extractall(project.root / "unpacked")
    everything = texts_below(project.root / "unpacked")
    assert "东街老伯" in everything
    assert "金老师" not in everything


def test_where_a_name_is_replaced_a_person_is_told(told: tuple[Project, str, str]) -> None:
    project, shown, __ = told
    write_sidecar(
        project,
        "金村村_金老师",
        "同意: {署名: 东街老伯}\n题名: 金老师讲村名\n备注: 金老师家里录的\n",
    )
    [note] = built(project).problems
    assert note.is_note
    assert note.where == f"archive/{shown}/recording.yml"
    assert "东街老伯" in note.cause
    assert "题名、备注" in note.cause
    page = (project.site / "recordings" / f"{shown}.html").read_text("utf-8")
    assert "东街老伯讲村名" in page
    assert "金老师" not in page


def test_who_did_not_agree_to_archiving_is_to_be_asked(told: tuple[Project, str, str]) -> None:
    project, shown, __ = told
    write_sidecar(project, "金村村_金老师", "同意: {用途: 网站}\n")
    [note] = built(project).problems
    assert note.is_note
    assert note.where == f"archive/{shown}/recording.yml"
    assert not (project.site / "recordings" / f"{shown}.html").exists()


def test_without_transcription_nothing_is_written_down_or_shown(
    told: tuple[Project, str, str], village: Project
) -> None:
    project, shown, __ = told
    words = project.accession(shown).transcript.read_text("utf-8").splitlines()[-1][-8:]
    assert words in texts_below(project.site)
    write_sidecar(project, "金村村_金老师", "同意: {用途: 存档、课程、网站}\n")
    machine = project.accession(shown).machine
    machine.unlink()
    built(project)
    assert not machine.exists()
    assert (project.site / "recordings" / f"{shown}.html").exists()
    assert words not in texts_below(project.site)


def test_the_written_words_of_a_motto_are_no_transcription(village: Project) -> None:
    folder = village.recordings / "mottoes"
    folder.mkdir()
    (folder / "金村村_金家_2026-02-01.txt").write_text("勤俭持家", "utf-8")
    (folder / "folder.yml").write_text("同意: {用途: 存档、课程、网站}\n", "utf-8")
    for path in folder.iterdir():
        settle(path)
    built(village)
    assert "勤俭持家" in texts_below(village.site)


def test_scans_are_never_published(told: tuple[Project, str, str], tmp_path: Path) -> None:
    project, shown, __ = told
    scan = add_consent_form(project, shown)
    built(project)
    workflow.pack(project, SilentReporter(), tmp_path / "pack" / "礼包.zip")
    share = tmp_path / "share"
    where = Destination(folder=str(share))
    done = workflow.publish(project, SilentReporter(), where, dry_run=False)
    assert isinstance(done, Published)
    for folder in (project.site, project.classroom.site, tmp_path / "pack", share):
        everything = texts_below(folder)
        assert len(everything) > 1000
        assert "13800000000" not in everything
        assert scan.name not in everything
