"""Gathering all that may be published, and every reason why something may not. Reads only."""

import datetime as dt
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from cunshi.course_model import Catalogue, Clip, Course, Entry, Lesson
from cunshi.errors import CunshiError, ExitCode
from cunshi.evidence import Holdings, resolve
from cunshi.fields import decode_text, load_fields, read_data, read_text
from cunshi.files import composed, exists, spellings
from cunshi.golden import golden_lines
from cunshi.heard import Heard, read_heard, read_origin
from cunshi.i18n import _
from cunshi.lessons import check_keywords, read_course, read_lesson
from cunshi.model import (
    TRANSCRIPTION,
    Access,
    Coverage,
    Kind,
    Problem,
    Recording,
    Segment,
    Term,
    Transcript,
    TranscriptStatus,
    is_text,
)
from cunshi.page_text import clean
from cunshi.pseudonyms import names_of, rename_lines, rename_recording, says_name, spoken
from cunshi.quiz import read_notes, read_quiz
from cunshi.remembered import Lines, Memo, Remembered
from cunshi.settings import Archive, Names
from cunshi.store import Accession, Project
from cunshi.transcripts import WITHHELD, transcript_of, with_engine
from cunshi.verify import consent_notes, names_in_lessons
from cunshi.withholding import Ranges, as_published, withheld_ranges

_FAST = 1  # of zlib: a third of the size in a moment


@dataclass(frozen=True)
class _Gathering:
    project: Project
    today: dt.date
    problems: list[Problem]
    strict: bool


@dataclass(frozen=True)
class _Written:
    """What is written of a recording, as it is when its words are read for the first time.

    ``motto`` is a file in which a family wrote down its own. Both are packed: they stay in memory
    until the site is made, in case that a page needs the words again.
    """

    transcript: bytes | None
    motto: bytes | None


def read_transcripts(
    project: Project,
    archive: Archive,
    recordings: Iterable[Recording],
    problems: list[Problem],
    remembered: Remembered | None = None,
) -> dict[str, Transcript]:
    """The transcript of every recording, published or not, by id."""
    return {r.id: _transcript(project, archive, r, problems, remembered) for r in recordings}


def _transcript(
    project: Project,
    archive: Archive,
    recording: Recording,
    problems: list[Problem],
    remembered: Remembered | None,
) -> Transcript:
    accession, names = project.accession(recording.id), names_of(recording, archive)
    memo = Memo()
    try:
        written = _read_written(accession, recording)
        if remembered:
            heard = [accession.machine]
            memo = remembered.memo(recording.id, recording, written, files=heard)
        if memo["known"] is None and _is_out_of_reach(accession):
            memo = Memo()
        lines = Lines(lambda: tuple(_words(project, recording, written).segments), memo)
        if memo["known"] is None:
            memo["known"] = _known(project, archive, recording, written, lines)
    except (CunshiError, OSError) as error:
        problems.append(Problem.of_one(error, project.relative(accession.transcript)))
        return Transcript(silenced=_unknown(accession, recording, names), names=names)
    known = memo["known"]
    return Transcript(
        segments=lines,
        status=TranscriptStatus(known["status"]),
        engine=known["engine"],
        coverage=Coverage(*known["coverage"]) if known["coverage"] else None,
        knows_dialect=known["knows dialect"],
        written=known["written"],
        silenced=tuple((start, end) for start, end in known["silenced"]),
        unnamed=tuple((start, end) for start, end in known["unnamed"]),
        names=names,
    )


def _is_out_of_reach(accession: Accession) -> bool:
    """Whether what a machine heard cannot be read: next time perhaps it can."""
    return read_origin(accession.machine) is None and exists(accession.machine)


def _known(
    project: Project, archive: Archive, recording: Recording, written: _Written, lines: Lines
) -> dict[str, Any]:
    """What is known of a transcript besides its lines, as JSON has it."""
    accession, names = project.accession(recording.id), names_of(recording, archive)
    transcript = _words(project, recording, written)
    lines.hold(tuple(transcript.segments))
    transcript = with_engine(transcript, read_origin(accession.machine))
    language, engine = recording.language(archive), transcript.engine
    return {
        "status": transcript.status.value,
        "engine": engine,
        "coverage": list(astuple(transcript.coverage)) if transcript.coverage else None,
        "knows dialect": not engine or archive.knows(language, engine),
        "written": transcript.written,
        "silenced": [*map(list, withheld_ranges(transcript.segments))],
        "unnamed": [*map(list, _spoken(accession, transcript, names))],
    }


def _spoken(accession: Accession, transcript: Transcript, names: Names) -> Ranges:
    """When a name is spoken that is not to be shown."""
    told = transcript.written or any(says_name(line.text, names) for line in transcript.segments)
    if not names or not told:
        return ()
    heard = read_heard(accession.machine)
    words = [word for line in heard.segments for word in line.words] if heard else []
    # What a family wrote says nothing about when it is spoken.
    said = heard.segments if heard and transcript.written else transcript.segments
    return spoken(said, words, names)


def _unknown(accession: Accession, recording: Recording, names: Names) -> Ranges:
    """All of the sound, where a transcript that cannot be read may hide something of it."""
    try:
        text = read_text(accession.transcript)
        told = WITHHELD in text or says_name(text, names)
    except CunshiError:
        told = exists(accession.transcript)
    return ((0.0, recording.technical.duration),) if told else ()


def read_words(project: Project, recording: Recording) -> Transcript:
    """The transcript without what machine.json knows of it; CunshiError when it cannot be read."""
    return _words(project, recording, _read_written(project.accession(recording.id), recording))


def _read_written(accession: Accession, recording: Recording) -> _Written:
    path, motto = accession.transcript, _motto_path(accession, recording)
    read = [read_data(file) if file else None for file in (path if exists(path) else None, motto)]
    return _Written(*(data if data is None else zlib.compress(data, _FAST) for data in read))


def _text(packed: bytes, path: Path) -> str:
    return decode_text(zlib.decompress(packed), path)


def _motto_path(accession: Accession, recording: Recording) -> Path | None:
    """The file in which a family wrote its motto down."""
    names = [name for name in (recording.master, *recording.companions) if is_text(name)]
    return accession.master / names[0] if names and recording.kind is Kind.MOTTO else None


def _words(project: Project, recording: Recording, written: _Written) -> Transcript:
    accession = project.accession(recording.id)
    path, where = accession.transcript, project.relative(accession.transcript)
    transcript = Transcript()
    if written.transcript is not None:
        transcript = transcript_of(_text(written.transcript, path), where, recording)
    return _written_motto(accession, recording, transcript, written.motto)


def _written_motto(
    accession: Accession, recording: Recording, heard: Transcript, motto: bytes | None
) -> Transcript:
    """What the family itself wrote stands for a machine's draft of what they said."""
    people = {TranscriptStatus.EDITED, TranscriptStatus.APPROVED}
    path = _motto_path(accession, recording)
    if (
        not path
        or motto is None
        or heard.status in people
        or any(s.withheld for s in heard.segments)
    ):
        return heard
    lines = map(str.strip, _text(motto, path).splitlines())
    segment = Segment(0.0, recording.technical.duration, "\n".join(filter(None, lines)))
    return Transcript((segment,), TranscriptStatus.APPROVED, written=True)


def gather(
    project: Project,
    archive: Archive,
    recordings: Collection[Recording],
    transcripts: Mapping[str, Transcript],
    today: dt.date,
    problems: list[Problem],
    ceiling: Access = Access.OPEN,
    *,
    strict: bool = False,
) -> Catalogue:
    """The catalogue of what the site shows; problems with their files and lines.

    What is more restricted than ``ceiling`` is left out: CLASSROOM is for the pack alone.
    ``strict`` also reports lessons that are drafts, and citations of what nobody has approved.
    """
    work = _Gathering(project, today, problems, strict)
    # From here on nothing knows a name that its bearer does not want to be shown.
    by_id = {r.id: rename_recording(r.as_shown, transcripts[r.id].names) for r in recordings}
    names = {recording.id: recording.description.narrator for recording in recordings}
    allowed = (r for r in by_id.values() if r.is_published(today, ceiling))
    entries = {r.id: _entry(r, transcripts[r.id], names[r.id]) for r in allowed}
    course, terms = _course(work), _terms(work)
    quiz_clips: dict[str, Clip] = {}
    holdings = Holdings(by_id, entries, today, ceiling, lambda id_: _heard(project, id_))
    lessons = tuple(
        (
            _with_quiz(work, lesson, holdings, quiz_clips),
            _clips(work, lesson, holdings, terms),
        )
        for lesson in _lessons(work, course)
    )
    problems += consent_notes(project, recordings, transcripts, today)
    problems += names_in_lessons(project, archive, recordings)
    return Catalogue(
        archive=archive,
        course=course,
        lessons=lessons,
        entries=tuple(entries.values()),
        listed=tuple(r for r in by_id.values() if r.access(today) is Access.LISTED),
        terms=terms,
        quiz_clips=quiz_clips,
        golden=tuple(clip for entry in entries.values() for clip in golden_lines(entry)),
        today=today,
    )


def _heard(project: Project, recording_id: str) -> Heard | None:
    return read_heard(project.accession(recording_id).machine)


def _entry(recording: Recording, transcript: Transcript, narrator: str) -> Entry:
    return Entry(
        recording=recording,
        transcript=_shown(transcript, recording, narrator),
        audio=f"audio/{recording.id}.m4a" if _is_heard(recording, transcript) else "",
        photo=f"photos/{recording.id}.jpg" if recording.photo else "",
    )


def _is_heard(recording: Recording, transcript: Transcript) -> bool:
    """Whether there is anything to hear; of what is silent from end to end there is no sound."""
    whole = (0.0, recording.technical.duration)
    return recording.technical.has_sound and transcript.silenced != (whole,)


def _shown(transcript: Transcript, recording: Recording, narrator: str) -> Transcript:
    """What may be read of a transcript, once somebody asks for its lines."""
    whole = transcript.segments
    if not isinstance(whole, Lines):
        return _as_shown(as_published(transcript), recording, narrator)

    def read() -> tuple[Segment, ...]:
        shown = _as_shown(as_published(transcript), recording, narrator)
        return tuple(shown.segments)

    nothing = _as_shown(replace(transcript, segments=()), recording, narrator)
    return replace(nothing, segments=Lines(read, whole.memo, whole))


def _as_shown(transcript: Transcript, recording: Recording, narrator: str) -> Transcript:
    """What may be read of a transcript: nothing, if nobody was to write down what is said.

    The written words of a motto are the family's own. Who speaks has the name to be shown.
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
    # MkDocs itself reports what is wrong with its settings.
    site_url = load_fields(work.project.root / "mkdocs.yml", "", []).text("site_url")
    return replace(course, address=site_url or course.address)


def _terms(work: _Gathering) -> tuple[Term, ...]:
    return work.project.read_glossary(work.problems)


def _lessons(work: _Gathering, course: Course) -> Iterable[Lesson]:
    _check_folders(work, course)
    seen: dict[int, str] = {}
    for name in course.lessons:
        path = spellings(work.project.courses / name)[0] / "lesson.md"
        where = work.project.relative(path)
        if not path.is_relative_to(work.project.courses) or not path.is_file():
            _complain(
                work, where, _("课程表里有这一课，却没有这个文件"), _("写好它，或从课程表删去")
            )
            continue
        lesson = read_lesson(path, where, work.problems)
        if lesson is None:
            continue
        if lesson.number in seen:
            cause = _("课号与 {other} 相同").format(other=seen[lesson.number])
            _complain(work, where, cause, _("改文件夹名开头的两位数"))
            continue
        seen[lesson.number] = where
        if work.strict and lesson.draft:
            _complain(work, where, _("这一课还是草稿"), _("写完以后，删去 draft: true 这一行"))
        yield lesson


def _check_folders(work: _Gathering, course: Course) -> None:
    for path in sorted(work.project.courses.glob("*/lesson.md")):
        if composed(path.parent.name) not in map(composed, course.lessons):
            where = work.project.relative(path)
            _complain(
                work, where, _("课程表里没有这一课"), _("把文件夹名加进 course.yml 的 lessons")
            )


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
    """The lesson with its quiz and notes.

    A question whose clip is withheld loses it, and with it the explanation: that often quotes.
    """
    folder = (work.project.root / lesson.where).parent
    quiz, notes = folder / "quiz.yml", folder / "teacher.md"
    asked = read_quiz(quiz, work.project.relative(quiz), work.problems)
    cited = replace(lesson, refs=tuple(ref for __, ref in asked if ref))
    clips = iter(resolve(cited, holdings, work.problems, strict=work.strict))
    questions = []
    for question, ref in asked:
        clip = next(clips) if ref else None
        if clip and clip.withheld:
            question = replace(question, clip="", explain="")  # noqa: PLW2901
        elif clip:
            found[question.clip] = clip
        questions.append(question)
    teacher = read_notes(notes, work.project.relative(notes), work.problems)
    return replace(lesson, quiz=tuple(questions), teacher=teacher)


def _complain(work: _Gathering, where: str, cause: str, remedy: str) -> None:
    work.problems.append(Problem(ExitCode.LESSON, where, cause, remedy))
