"""What people and machines wrote of a recording → its ``Transcript``; what of it nobody may hear.

Lines are parsed only when somebody asks for them, from the bytes that were read at first.
"""

import zlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from cunshi.archive.accession import Accession
from cunshi.archive.cache.recording_cache import CachedRecording, CachedSegments, RecordingCache
from cunshi.archive.machine_json import MachineTranscript, read_machine_json, read_origin
from cunshi.archive.project import Project
from cunshi.archive.transcript_file import WITHHELD, transcript_of, with_engine
from cunshi.core.errors import CunshiError
from cunshi.core.files import exists
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import decode_text, read_bytes_of, read_text
from cunshi.domain.pseudonyms import names_of, says_name, spoken
from cunshi.domain.recording import Kind, Recording, is_text
from cunshi.domain.settings import Archive, Names
from cunshi.domain.transcript import Coverage, Segment, Transcript, TranscriptStatus
from cunshi.domain.withholding import Ranges, withheld_ranges

_FAST = 1  # of zlib: a third of the size in a moment


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
    remembered: RecordingCache | None = None,
) -> dict[str, Transcript]:
    """The transcript of every recording, published or not, by id."""
    return {r.id: _transcript(project, archive, r, problems, remembered) for r in recordings}


def _transcript(
    project: Project,
    archive: Archive,
    recording: Recording,
    problems: list[Problem],
    remembered: RecordingCache | None,
) -> Transcript:
    accession, names = project.accession(recording.id), names_of(recording, archive)
    memo = CachedRecording()
    try:
        written = _read_written(accession, recording)
        if remembered:
            heard = [accession.machine]
            memo = remembered.memo(recording.id, recording, written, files=heard)
        known = memo["known"]
        origin = None if known else read_origin(accession.machine)
        if not known and not origin and exists(accession.machine):
            memo = CachedRecording()  # it cannot be read at the moment: next time perhaps it can
        lines = CachedSegments(lambda: tuple(_words(project, recording, written).segments), memo)
        if not known:
            known = memo["known"] = _known(project, archive, recording, written, lines, origin)
    except (CunshiError, OSError) as error:
        problems.append(Problem.for_item(error, project.relative(accession.transcript)))
        return Transcript(silenced=_unknown(accession, recording, names), names=names)
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


def _known(
    project: Project,
    archive: Archive,
    recording: Recording,
    written: _Written,
    lines: CachedSegments,
    origin: MachineTranscript | None,
) -> dict[str, Any]:
    """What is known of a transcript besides its lines, as JSON has it."""
    accession, names = project.accession(recording.id), names_of(recording, archive)
    transcript = _words(project, recording, written)
    lines.hold(tuple(transcript.segments))
    transcript = with_engine(transcript, origin)
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
    heard = read_machine_json(accession.machine)
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
    read = [
        read_bytes_of(file) if file else None for file in (path if exists(path) else None, motto)
    ]
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
