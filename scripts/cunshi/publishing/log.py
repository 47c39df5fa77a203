"""Log publications: every change of the site, file by file with its hash.

Lines are only appended to archive/publications.jsonl. They determine the content of the site on any
day; the appearance and disappearance of a recording is also logged in its own events.jsonl.
"""

import datetime as dt
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

from cunshi.archive.cache.file_cache import FileCache, stats_of
from cunshi.archive.events import DISSEMINATION, Event
from cunshi.archive.fixity.manifest import sha256_of
from cunshi.archive.project import Project
from cunshi.core.clock import now, today
from cunshi.core.errors import ExitCode, RecordError
from cunshi.core.files import walk_file_names, write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.domain.access import Days
from cunshi.publishing.changes import recordings_in

SITE, PACK = "site", "pack"
_CACHE_VERSION = "1"
_TIME = re.compile(r'{"event": "[^"]*", "time": "([^"]+)"')


@dataclass(frozen=True)
class _Publication:
    """A line of publications.jsonl; fields are in the order of its keys.

    ``files`` are new or changed paths with their SHA-256.
    """

    time: str
    edition: str
    appeared: Sequence[str]
    withdrawn: Sequence[str]
    files: Mapping[str, str]
    removed: Sequence[str]


@dataclass(frozen=True)
class _State:
    """The state after all lines: path → SHA-256, and the published recordings."""

    hashes: Mapping[str, str]
    recordings: frozenset[str]


def note_publication(project: Project, edition: str = SITE) -> None:
    """Log the content of the built site, if it differs from the last logged state."""
    before = _read(project, edition)
    hashes = _hashes(project)
    shown = recordings_in(project.site)
    changed = {path: h for path, h in hashes.items() if before.hashes.get(path) != h}
    removed = sorted(before.hashes.keys() - hashes.keys())
    if not changed and not removed and shown == before.recordings:
        return
    new = _Publication(
        time=now().isoformat(timespec="seconds"),
        edition=edition,
        appeared=sorted(shown - before.recordings),
        withdrawn=sorted(before.recordings - shown),
        files=changed,
        removed=removed,
    )
    path = project.publications
    text = path.read_text("utf-8") if path.is_file() else ""
    # Log the accessions first: a killed run then logs them again, and loses nothing.
    for recording_id in (*new.appeared, *new.withdrawn):
        _tell(project, edition, recording_id, shown=recording_id in shown)
    write_atomic(path, text + _format(new))


@dataclass(frozen=True)
class Appearance:
    """A time for which a recording stood in an edition; ``until`` is empty if it still does."""

    edition: str
    since: str
    until: str = ""


def appearances(project: Project, names: Collection[str]) -> list[Appearance]:
    """Return when a recording of one of these names was published, as ISO 8601 times."""
    found: dict[str, list[Appearance]] = {}
    for line in _publications(project):
        known = found.setdefault(line.edition, [])
        if not known or known[-1].until:
            if not set(names).isdisjoint(line.appeared):
                known.append(Appearance(line.edition, line.time))
        elif not set(names).isdisjoint(line.withdrawn):
            known.append(replace(known.pop(), until=line.time))
    return [one for known in found.values() for one in known]


def days_of(project: Project, problems: list[Problem]) -> Days:
    """Return the dates for access decisions; a clock before the last publication is reported."""
    day, line = last_day(project)
    clock = today()
    if (day - clock).days > 1:  # one day may be due to time zones
        cause = _("电脑的日期是 {clock}，可是 {day} 已经做过网站：到期的同意书按后一天算")
        remedy = _("把电脑的日期调对，再运行一次；如果是那时的日期错了，改对这一行里的 time")
        where, cause = project.relative(project.publications), cause.format(clock=clock, day=day)
        problems.append(Problem(ExitCode.CONFIGURATION, where, cause, remedy, line))
    return Days(today=max(clock, day), clock=clock)


def last_day(project: Project) -> tuple[dt.date, int]:
    """Return the date of the last publication, and its line.

    Only the times are parsed, because every command calls this.
    """
    path, days = project.publications, [(dt.date.min, 0)]
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if said := _TIME.match(line):
                    moment = dt.datetime.fromisoformat(said[1])
                    days.append((moment.astimezone().date(), number))
    except FileNotFoundError:
        pass
    except ValueError:
        pass  # reported when the lines are parsed
    return max(days)


def _tell(project: Project, edition: str, recording_id: str, *, shown: bool) -> None:
    accession = project.accession(recording_id)
    if not accession.folder.is_dir():
        return
    with project.writing():
        told = [event for event in accession.read_events() if event.kind == DISSEMINATION]
        last = next((event.shown for event in reversed(told) if event.edition == edition), False)
        if last != shown:
            accession.add_event(Event(DISSEMINATION, edition=edition, shown=shown))


def _read(project: Project, edition: str) -> _State:
    hashes, recordings = dict[str, str](), set[str]()
    for publication in _publications(project):
        if publication.edition == edition:
            hashes.update(publication.files)
            for path in publication.removed:
                hashes.pop(path, None)
            recordings = (recordings | set(publication.appeared)) - set(publication.withdrawn)
    return _State(hashes, frozenset(recordings))


def _publications(project: Project) -> list[_Publication]:
    path = project.publications
    try:
        lines = path.read_text("utf-8").split("\n") if path.is_file() else []
        return [_parse(line) for line in lines if line]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecordError(
            _("发布的登记读不了"), _("从备份恢复这个文件"), where=project.relative(path)
        ) from error


def _parse(line: str) -> _Publication:
    found = dict(json.loads(line))
    return _Publication(**{field.name: found[field.name] for field in fields(_Publication)})


def _format(publication: _Publication) -> str:
    line = {"event": DISSEMINATION} | asdict(publication)
    return json.dumps(line, ensure_ascii=False) + "\n"


def _hashes(project: Project) -> dict[str, str]:
    """Return the SHA-256 of every file of the site, cached until the file changes."""
    # No grain: files of the site are replaced by complete ones, which takes longer than that.
    cache = FileCache(project.site.parent / "cache" / "published.json", _CACHE_VERSION, grain=0.0)
    hashes = dict[str, str]()
    for name in sorted(walk_file_names(project.site)):
        path = project.site / name
        stats = stats_of([path])
        digest = cache.get(name, stats)
        if digest is None:
            digest = sha256_of(path)
            cache.put(name, stats, digest)
        hashes[name] = digest
    cache.save(hashes)
    return hashes
