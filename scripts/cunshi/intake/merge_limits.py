"""Let the restrictions of another archive hold here too: of records, passages and names.

The stricter side wins. What is restricted here already stays as it is, and nothing is opened.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from typing import Any

import yaml

from cunshi.archive.accession import Accession
from cunshi.archive.events import METADATA_MODIFICATION, Event
from cunshi.archive.project import Project
from cunshi.archive.record_edit import RecordFile, as_logged
from cunshi.archive.transcript_edit import format_corrected
from cunshi.archive.transcript_file import parse_transcript
from cunshi.core.errors import ExitCode, RecordError
from cunshi.core.files import exists, write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_edit import append_item
from cunshi.core.yaml_fields import read_text
from cunshi.domain.description_merge import strictest
from cunshi.domain.persons.names import same_name
from cunshi.domain.recording import Description
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Segment
from cunshi.domain.withheld_words import WithheldWords, passages_of
from cunshi.domain.withholding import Ranges, withheld_ranges
from cunshi.transcription.error_rate import normalise

_OVERLAP = 0.2  # seconds; less may be due to another division into lines
_SHORTEST = 0.05  # seconds of a withheld rest that gets a line of its own
_NOT_YET = _("网站和礼包还是原来的样子：运行 publish 或 build 以后，才照着新的限制")


def limit_record(
    project: Project, here: Accession, theirs: Description, source: str, problems: list[Problem]
) -> bool:
    """Write the restrictions of another record into ours; return whether it changed."""
    ours = project.read_recording(here, []).description
    strict = strictest((ours, theirs))
    if strict == ours:
        return False
    with project.writing():
        _log_limits(here, ours, strict, source)
        record = RecordFile.open(here)
        consent = replace(record.description.consent, **_differing(strict.consent, ours.consent))
        limits = {n: v for n, v in _differing(strict, ours).items() if n != "consent"}
        limited = replace(record.description, **limits, consent=consent)
        record.set(limited, despite_problems=True)
    cause = _("那边对这件录音有更严的限制，这里也照着限制了")
    problems.append(Problem(ExitCode.OK, project.relative(here.record), cause, _NOT_YET))
    return True


def _differing(one: Any, other: Any) -> dict[str, Any]:
    """Return the values of ``one`` that differ in ``other``, of the same class."""
    values = {field.name: getattr(one, field.name) for field in dataclass_fields(one)}
    return {name: value for name, value in values.items() if value != getattr(other, name)}


def _log_limits(here: Accession, ours: Description, strict: Description, source: str) -> None:
    """Log the restrictions before they are written to the record, where their origin is not
    visible.

    A run that is killed in between leaves them logged, and the next run writes them. They are not
    logged as ``fields``, which are compared with the deposit's folder.yml.
    """
    before = as_logged(ours)
    limited = {key: value for key, value in as_logged(strict).items() if value != before.get(key)}
    last = here.read_events()[-1:]
    if not last or (last[0].limited, last[0].source) != (limited, source):
        here.add_event(Event(METADATA_MODIFICATION, limited=limited, source=source))


def withhold_passages(
    project: Project, here: Accession, there: Accession, source: str, problems: list[Problem]
) -> bool:
    """Withhold here what is withheld in the transcript there; return whether anything changed.

    Lines here are withheld that overlap a withheld one there or have its words. The rest of its
    range gets a line of its own.
    """
    theirs = _lines(there)
    hidden = [line for line in theirs if line.withheld]
    if not hidden:
        return False
    with project.writing():
        before = read_text(here.transcript) if exists(here.transcript) else ""
        where = project.relative(here.transcript)
        ours = parse_transcript(before, where) if before.strip() else ()
        lines = _withheld_like(ours, theirs) if ours else theirs
        if tuple(lines) == tuple(ours):
            return False
        write_atomic(here.transcript, format_corrected(before, here.id, lines))
        times = [f"{line.start:.3f}-{line.end:.3f}" for line in hidden]
        here.add_event(Event(METADATA_MODIFICATION, limited={"withheld": times}, source=source))
    cause = _("那边有不公开的句子，这里的文稿也标上了")
    problems.append(Problem(ExitCode.OK, where, cause, _NOT_YET))
    return True


def _lines(accession: Accession) -> tuple[Segment, ...]:
    path = accession.transcript
    return parse_transcript(read_text(path), str(path)) if exists(path) else ()


def _withheld_like(ours: Iterable[Segment], theirs: Iterable[Segment]) -> list[Segment]:
    all_theirs = list(theirs)
    words = WithheldWords(
        passages_of("", all_theirs, withheld=True),
        lambda: passages_of("", all_theirs, withheld=False),
        normalise,
    )
    ranges = withheld_ranges(all_theirs)
    lines = [
        replace(line, withheld=True) if _is_withheld_there(line, ranges, words) else line
        for line in ours
    ]
    covered = withheld_ranges(lines)
    for line in (line for line in all_theirs if line.withheld):
        rests = _without(covered, line.start, line.end)
        lines += [replace(line, start=a, end=b, words=()) for a, b in rests]
    return sorted(lines, key=lambda line: line.start)


def _is_withheld_there(line: Segment, ranges: Ranges, words: WithheldWords) -> bool:
    common = sum(max(0.0, min(line.end, b) - max(line.start, a)) for a, b in ranges)
    is_same = common > min(_OVERLAP, (line.end - line.start) / 2)
    return line.withheld or is_same or words.found_in(f"{line.text}\n{line.mandarin}")


def _without(ranges: Ranges, start: float, end: float) -> Iterator[tuple[float, float]]:
    """Yield the parts of a range that are in none of some sorted ranges."""
    for a, b in (*ranges, (end, end)):
        if a - start > _SHORTEST and start < end:
            yield start, min(a, end)
        start = max(start, b)


def add_pseudonyms(project: Project, theirs: Archive, source: str, problems: list[Problem]) -> bool:
    """Add the names to persons.yml that are hidden there and not here."""
    ours = project.read_archive([])
    known = [name for name, __ in ours.pseudonyms]
    known += [name for person in ours.persons if person.shown_as for name in person.names]
    persons: list[tuple[Sequence[str], str]]
    persons = [((name,), shown) for name, shown in theirs.pseudonyms]
    persons += [(person.names, person.shown_as) for person in theirs.persons if person.shown_as]
    added = False
    for names, shown in persons:
        new = [name for name in names if not any(same_name(name, other) for other in known)]
        if new:
            _add_person(project, new, shown)
            known += new
            added = True
    if added:
        where = project.relative(project.persons)
        cause = _("{source}不公开的名字，这里也换成化名了").format(source=source)
        problems.append(Problem(ExitCode.OK, where, cause, _NOT_YET))
    return added


def _add_person(project: Project, names: list[str], shown: str) -> None:
    path = project.persons
    text = read_text(path) if exists(path) else ""
    key = "人物" if any(line.startswith("人物:") for line in text.splitlines()) else "persons"
    with suppress(yaml.YAMLError, ValueError):
        write_atomic(path, append_item(text, key, {"names": names, "shown_as": shown}))
    found = (name for person in project.read_persons([]) for name in person.names)
    if not set(names) <= set(found):
        write_atomic(path, text)
        raise RecordError(
            _("那边有不公开的名字，写不进这个文件"),
            _("请打开两边的 persons.yml 和 archive.yml，自己抄过来"),
            where=project.relative(path),
        )
