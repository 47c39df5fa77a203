"""Build the ``Transcript`` of each recording from transcript.vtt, machine.json and a written motto.

Segments are parsed only when somebody asks for them, from the bytes that were read at first.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from cunshi.archive.accession import Accession
from cunshi.archive.cache.inputs import Inputs, inputs_of, motto_path
from cunshi.archive.cache.recording_cache import CachedRecording, CachedSegments, RecordingCache
from cunshi.archive.machine_json import MachineTranscript, read_machine_json, read_origin
from cunshi.archive.project import Project
from cunshi.archive.transcript_file import odd_marks, transcript_of, with_engine
from cunshi.archive.transcript_marks import MARK_NOTE, mentions_mark, without_marks
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.files import exists
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import decode_text, read_bytes_of, read_text
from cunshi.domain.persons.pseudonyms import names_of, says_name, spoken
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive, Names
from cunshi.domain.transcript import Coverage, Segment, Transcript, TranscriptStatus
from cunshi.domain.withholding import Ranges, withheld_ranges

_FAST = 1  # zlib level: reduces to a third, quickly


@dataclass(frozen=True)
class _SourceFiles:
    """The texts of a recording as they were when its words were read for the first time.

    Packed: they stay in memory until the site is made, in case that a page needs the words again.
    """

    packed: Mapping[Path, bytes]

    def text_of(self, path: Path) -> str | None:
        """A text; None if it is not there, RecordError if it is none."""
        data = self.packed.get(path)
        return None if data is None else decode_text(zlib.decompress(data), path)


def read_transcripts(
    project: Project,
    archive: Archive,
    recordings: Iterable[Recording],
    problems: list[Problem],
    cache: RecordingCache | None = None,
) -> dict[str, Transcript]:
    """The transcript of every recording, published or not, by id."""
    return {r.id: _transcript(project, archive, r, problems, cache) for r in recordings}


def _transcript(
    project: Project,
    archive: Archive,
    recording: Recording,
    problems: list[Problem],
    cache: RecordingCache | None,
) -> Transcript:
    accession, names = project.accession(recording.id), names_of(recording, archive)
    cached = CachedRecording()
    try:
        inputs = inputs_of(project, recording)
        texts = _read(accession, recording, inputs)
        if cache:
            cached = cache.recording(recording.id, inputs.stamp_as_read(texts))
        sources = _pack(texts)
        facts = cached.get("known")
        origin = None if facts else read_origin(accession.machine)
        if not facts and not origin and exists(accession.machine):
            cached = CachedRecording()  # it cannot be read at the moment: next time perhaps it can
        lines = CachedSegments(lambda: tuple(_parse(project, recording, sources).segments), cached)
        if not facts:
            facts = _facts(project, archive, recording, sources, lines, origin)
            cached.put("known", facts)
        problems += [_odd_mark(*odd) for odd in facts["odd marks"]]
    except (CunshiError, OSError) as error:
        problems.append(Problem.for_item(error, project.relative(accession.transcript)))
        return Transcript(silenced=_ranges_if_unreadable(accession, recording, names), names=names)
    return Transcript(
        segments=lines,
        status=TranscriptStatus(facts["status"]),
        engine=facts["engine"],
        coverage=Coverage(*facts["coverage"]) if facts["coverage"] else None,
        knows_dialect=facts["knows dialect"],
        written=facts["written"],
        silenced=tuple((start, end) for start, end in facts["silenced"]),
        unnamed=tuple((start, end) for start, end in facts["unnamed"]),
        names=names,
    )


def _facts(
    project: Project,
    archive: Archive,
    recording: Recording,
    sources: _SourceFiles,
    lines: CachedSegments,
    origin: MachineTranscript | None,
) -> dict[str, Any]:
    """Return the facts about a transcript that do not need its lines, as JSON."""
    accession, names = project.accession(recording.id), names_of(recording, archive)
    transcript = _parse(project, recording, sources)
    lines.preload(tuple(transcript.segments))
    transcript = with_engine(transcript, origin)
    language, engine = recording.language(archive), transcript.engine
    return {
        "status": transcript.status.value,
        "engine": engine,
        "coverage": list(astuple(transcript.coverage)) if transcript.coverage else None,
        "knows dialect": not engine or archive.knows(language, engine),
        "written": transcript.written,
        "silenced": [*map(list, withheld_ranges(transcript.segments))],
        "unnamed": [*map(list, _name_ranges(accession, transcript, names))],
        "odd marks": [*_odd_marks(project, recording, sources)],
    }


def _odd_marks(
    project: Project, recording: Recording, sources: _SourceFiles
) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and words of each withholding mark in an unusual form."""
    accession = project.accession(recording.id)
    text = sources.text_of(accession.transcript) or ""
    for mark in odd_marks(text):
        yield project.relative(accession.transcript), mark.line, mark.words
    if path := motto_path(accession, recording):
        for number, line in enumerate((sources.text_of(path) or "").splitlines(), 1):
            for words in without_marks(line)[1]:
                yield project.relative(path), number, words


def _odd_mark(where: str, line: int, words: str) -> Problem:
    """Return the problem of an unusual mark, which is heeded meanwhile."""
    cause = _("“{words}”不是平常的写法，先当作 {mark}：最近的一句（前后一样近就两句）不放出来")
    remedy = _("在时间行上面单独写一行 {mark}，上下各空一行；也可以在校对台里标")
    return Problem(
        ExitCode.RECORD,
        where,
        cause.format(words=words[:40], mark=MARK_NOTE),
        remedy.format(mark=MARK_NOTE),
        line,
        is_left_out=True,
    )


def _name_ranges(accession: Accession, transcript: Transcript, names: Names) -> Ranges:
    """Return the ranges in which a name is spoken that is not to be published."""
    possible = transcript.written or any(
        says_name(line.text, names) for line in transcript.segments
    )
    if not names or not possible:
        return ()
    machine = read_machine_json(accession.machine)
    words = [word for line in machine.segments for word in line.words] if machine else []
    # A written motto has no times, so the machine's lines are searched.
    lines = machine.segments if machine and transcript.written else transcript.segments
    return spoken(lines, words, names)


def _ranges_if_unreadable(accession: Accession, recording: Recording, names: Names) -> Ranges:
    """Return the whole recording if its unreadable transcript may withhold or hide something."""
    try:
        text = read_text(accession.transcript)
        hides = mentions_mark(text) or says_name(text, names)
    except CunshiError:
        hides = exists(accession.transcript)
    return ((0.0, recording.technical.duration),) if hides else ()


def read_transcript(project: Project, recording: Recording) -> Transcript:
    """The transcript without what machine.json knows of it; CunshiError when it cannot be read."""
    accession, inputs = project.accession(recording.id), inputs_of(project, recording)
    return _parse(project, recording, _pack(_read(accession, recording, inputs)))


def _read(accession: Accession, recording: Recording, inputs: Inputs) -> dict[Path, bytes | None]:
    """The texts of a recording; DiskError when one cannot be read, or the motto is not there."""
    texts, motto = inputs.read(), motto_path(accession, recording)
    if motto and texts[motto] is None:
        read_bytes_of(motto)  # which says so
    return texts


def _pack(texts: Mapping[Path, bytes | None]) -> _SourceFiles:
    found = {path: data for path, data in texts.items() if data is not None}
    return _SourceFiles({path: zlib.compress(data, _FAST) for path, data in found.items()})


def _parse(project: Project, recording: Recording, sources: _SourceFiles) -> Transcript:
    accession = project.accession(recording.id)
    path, text = accession.transcript, sources.text_of(accession.transcript)
    transcript = Transcript()
    if text is not None:
        transcript = transcript_of(text, project.relative(path), recording)
    return _written_motto(accession, recording, transcript, sources)


def _written_motto(
    accession: Accession, recording: Recording, heard: Transcript, sources: _SourceFiles
) -> Transcript:
    """What the family itself wrote stands for a machine's draft of what they said."""
    path = motto_path(accession, recording)
    by_people = heard.status in {TranscriptStatus.EDITED, TranscriptStatus.APPROVED}
    if not path or by_people or any(segment.withheld for segment in heard.segments):
        return heard
    lines = (sources.text_of(path) or "").splitlines()
    texts, marks = zip(*map(without_marks, lines), strict=True) if lines else ((), ())
    text = "\n".join(filter(None, map(str.strip, texts)))
    segment = Segment(0.0, recording.technical.duration, text, withheld=any(marks))
    return Transcript((segment,), TranscriptStatus.APPROVED, written=True)
