"""Gather everything that may be published, and the reasons for what may not. Writes nothing."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from cunshi.archive.erasure.tombstones import is_erased
from cunshi.archive.machine_json import MachineTranscript, read_machine_json
from cunshi.archive.project import Project
from cunshi.catalogue.checks import consent_notes
from cunshi.catalogue.course.citations import Holdings, resolve
from cunshi.catalogue.course.lessons import check_keywords, read_course, read_lesson
from cunshi.catalogue.course.quiz import read_quiz, read_teacher_notes
from cunshi.catalogue.hidden_names import HiddenNames
from cunshi.catalogue.highlights import golden_lines
from cunshi.catalogue.quotations import LeavingOut, withheld_words
from cunshi.core.errors import ExitCode
from cunshi.core.files import to_nfc, unicode_variants
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.text import clean
from cunshi.core.yaml_fields import load_fields
from cunshi.domain.access import AccessDecision, Days, access_decisions
from cunshi.domain.consent import TRANSCRIPTION, Access
from cunshi.domain.course import Catalogue, Clip, Course, Entry, Lesson
from cunshi.domain.glossary import Term
from cunshi.domain.persons.pseudonyms import rename_lines, rename_recording
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Segment, Transcript
from cunshi.domain.withheld_words import WithheldWords
from cunshi.domain.withholding import as_published


@dataclass(frozen=True)
class _Gathering:
    project: Project
    problems: list[Problem]
    strict: bool
    quotations: LeavingOut


def gather(
    project: Project,
    archive: Archive,
    recordings: Collection[Recording],
    transcripts: Mapping[str, Transcript],
    days: Days,
    problems: list[Problem],
    ceiling: Access = Access.OPEN,
    *,
    strict: bool = False,
) -> Catalogue:
    """Return the catalogue of the site; problems are reported with file and line.

    Recordings more restricted than ``ceiling`` are left out: CLASSROOM is only for the USB pack.
    ``strict`` also reports draft lessons, and citations of transcripts that nobody has approved.
    """
    decisions = access_decisions(recordings, days)
    machine_transcript = partial(_read_machine, project)
    words = withheld_words(recordings, transcripts, decisions, ceiling, machine_transcript)
    names = HiddenNames.of(project, archive, recordings)
    work = _Gathering(project, problems, strict, LeavingOut(words, project, problems, names))
    # From here on, names that are not to be published are replaced.
    by_id = work.quotations.from_recordings(apply_pseudonyms(recordings, transcripts))
    entries = published_entries(recordings, by_id, transcripts, decisions, ceiling)
    course, terms = _course(work), _terms(work)
    shown_terms = work.quotations.from_text(terms, project.glossary)
    quiz_clips: dict[str, Clip] = {}
    holdings = Holdings(
        by_id,
        entries,
        decisions,
        ceiling,
        machine_transcript=machine_transcript,
        is_erased=partial(is_erased, project),
        withheld_words=words,
    )
    lessons = tuple(
        (
            _with_quiz(work, lesson, holdings, quiz_clips),
            _clips(work, lesson, holdings, terms),
        )
        for lesson in _lessons(work, course)
    )
    problems += consent_notes(project, recordings, transcripts, days)
    problems += names.problems(project)
    return Catalogue(
        archive=work.quotations.from_archive(archive),
        course=course,
        lessons=lessons,
        entries=tuple(entries.values()),
        listed=tuple(by_id[i] for i, one in decisions.items() if one.level is Access.LISTED),
        terms=shown_terms,
        quiz_clips=quiz_clips,
        golden=tuple(clip for entry in entries.values() for clip in golden_lines(entry)),
        today=days.today,
        site_settings=work.quotations.from_site_settings(),
    )


def gather_course_only(project: Project, archive: Archive, today: dt.date) -> Catalogue:
    """Return the catalogue without recordings: what the pages of recordings need besides them."""
    problems: list[Problem] = []
    work = _Gathering(project, problems, False, LeavingOut(WithheldWords(), project, problems))
    course = _course(work)
    lessons = tuple((lesson, ()) for lesson in _lessons(work, course))
    return Catalogue(archive, course, lessons, (), (), _terms(work), today=today)


def published_entries(
    recordings: Iterable[Recording],
    by_id: Mapping[str, Recording],
    transcripts: Mapping[str, Transcript],
    decisions: Mapping[str, AccessDecision],
    ceiling: Access = Access.OPEN,
) -> dict[str, Entry]:
    """Return the entries of recordings that may be published, by id.

    ``by_id`` has the recordings after apply_pseudonyms.
    """
    allowed = (r for r in recordings if decisions[r.id].allows_publication(ceiling))
    return {r.id: _entry(r, by_id[r.id], transcripts[r.id], decisions[r.id].level) for r in allowed}


def apply_pseudonyms(
    recordings: Iterable[Recording], transcripts: Mapping[str, Transcript]
) -> dict[str, Recording]:
    """Return the recordings with all names replaced that are not to be published, by id."""
    return {r.id: rename_recording(r.as_shown, transcripts[r.id].names) for r in recordings}


def _read_machine(project: Project, recording_id: str) -> MachineTranscript | None:
    return read_machine_json(project.accession(recording_id).machine)


def _entry(recording: Recording, shown: Recording, transcript: Transcript, access: Access) -> Entry:
    return Entry(
        recording=shown,
        transcript=_published_transcript(transcript, shown, recording.description.narrator),
        audio=f"audio/{shown.id}.m4a" if _is_audible(shown, transcript) else "",
        photo=f"photos/{shown.id}.jpg" if shown.photo else "",
        access=access,
    )


def _is_audible(recording: Recording, transcript: Transcript) -> bool:
    """Check whether a recording has audio that is not silenced as a whole."""
    whole = (0.0, recording.technical.duration)
    return recording.technical.has_sound and transcript.silenced != (whole,)


def _published_transcript(
    transcript: Transcript, recording: Recording, narrator: str
) -> Transcript:
    """What may be read of a transcript, once somebody asks for its lines."""

    def read() -> tuple[Segment, ...]:
        shown = _apply_consent(as_published(transcript), recording, narrator)
        return tuple(shown.segments)

    nothing = _apply_consent(replace(transcript, segments=()), recording, narrator)
    return replace(nothing, segments=transcript.derived.other_segments(read))


def _apply_consent(transcript: Transcript, recording: Recording, narrator: str) -> Transcript:
    """Return the publishable part of a transcript: no lines if transcription was not consented to.

    The written words of a motto are the family's own and are kept. The narrator's label is replaced
    by the published name.
    """
    spoken = recording.technical.has_sound and not transcript.written
    if spoken and not recording.description.consent.allows(TRANSCRIPTION):
        return Transcript(silenced=transcript.silenced, unnamed=transcript.unnamed)
    transcript = rename_lines(transcript, transcript.names)
    shown, name = recording.description.narrator, clean(narrator)
    if clean(shown) == name:
        return transcript
    segments = (
        replace(segment, speaker=shown) if name and clean(segment.speaker) == name else segment
        for segment in transcript.segments
    )
    return replace(transcript, segments=tuple(segments))


def _course(work: _Gathering) -> Course:
    path = work.project.courses / "course.yml"
    course = read_course(path, work.project.relative(path), work.problems)
    course = work.quotations.from_text(course, path)
    # Problems in mkdocs.yml are reported by MkDocs itself.
    site_url = load_fields(work.project.root / "mkdocs.yml", "", []).text("site_url")
    return replace(course, address=site_url or course.address)


def _terms(work: _Gathering) -> tuple[Term, ...]:
    return work.project.read_glossary(work.problems)


def _lessons(work: _Gathering, course: Course) -> Iterable[Lesson]:
    _check_folders(work, course)
    seen: dict[int, str] = {}
    for name in course.lessons:
        path = unicode_variants(work.project.courses / name)[0] / "lesson.md"
        where = work.project.relative(path)
        if not path.is_relative_to(work.project.courses) or not path.is_file():
            _report(work, where, _("课程表里有这一课，却没有这个文件"), _("写好它，或从课程表删去"))
            continue
        lesson = read_lesson(path, where, work.problems)
        if lesson is None:
            continue
        if lesson.number in seen:
            cause = _("课号与 {other} 相同").format(other=seen[lesson.number])
            _report(work, where, cause, _("改文件夹名开头的两位数"))
            continue
        seen[lesson.number] = where
        if work.strict and lesson.draft:
            _report(work, where, _("这一课还是草稿"), _("写完以后，删去 draft: true 这一行"))
        yield work.quotations.from_lesson(lesson, path)


def _check_folders(work: _Gathering, course: Course) -> None:
    for path in sorted(work.project.courses.glob("*/lesson.md")):
        if to_nfc(path.parent.name) not in map(to_nfc, course.lessons):
            where = work.project.relative(path)
            _report(work, where, _("课程表里没有这一课"), _("把文件夹名加进 course.yml 的 lessons"))


def _clips(
    work: _Gathering, lesson: Lesson, holdings: Holdings, terms: tuple[Term, ...]
) -> tuple[Clip, ...]:
    check_keywords(lesson, terms, work.project.relative(work.project.glossary), work.problems)
    return resolve(lesson, holdings, work.problems, strict=work.strict)


def _with_quiz(
    work: _Gathering,
    lesson: Lesson,
    holdings: Holdings,
    found: dict[str, Clip],
) -> Lesson:
    """Return the lesson with its quiz and teacher's notes.

    A question whose clip is withheld loses the clip, and also its explanation, which often quotes
    it.
    """
    folder = (work.project.root / lesson.where).parent
    quiz, notes = folder / "quiz.yml", folder / "teacher.md"
    written = read_quiz(quiz, work.project.relative(quiz), work.problems)
    kept = work.quotations.from_text(tuple(question for question, __ in written), quiz)
    items = [item for item in written if item[0] in kept]
    cited = replace(lesson, refs=tuple(ref for __, ref in items if ref))
    clips = iter(resolve(cited, holdings, work.problems, strict=work.strict))
    questions = []
    for question, ref in items:
        clip = next(clips) if ref else None
        if clip and clip.withheld:
            question = replace(question, clip="", explain="")  # noqa: PLW2901
        elif clip:
            found[question.clip] = clip
        questions.append(question)
    teacher = read_teacher_notes(notes, work.project.relative(notes), work.problems)
    teacher = work.quotations.from_text(teacher, notes, "teacher")
    return replace(lesson, quiz=tuple(questions), teacher=teacher)


def _report(work: _Gathering, where: str, cause: str, remedy: str) -> None:
    work.problems.append(Problem(ExitCode.LESSON, where, cause, remedy))
