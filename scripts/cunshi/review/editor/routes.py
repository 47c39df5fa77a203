"""The editor's API: a recording's transcript, history and approval."""

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.routing import Route

from cunshi.archive.accession import Accession
from cunshi.archive.machine_json import read_machine_json
from cunshi.archive.transcript_file import status_of
from cunshi.catalogue.titles import recording_title
from cunshi.core.i18n import _
from cunshi.core.yaml_fields import read_text
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Recording, is_text
from cunshi.domain.transcript import Segment
from cunshi.review.api import ApiError, ApiRequest, route
from cunshi.review.context import Desk
from cunshi.review.editor import history
from cunshi.review.editor.approval import approve, reopen
from cunshi.review.editor.document import (
    Conflict,
    Saved,
    TranscriptDocument,
    draft_of_written,
    name_of,
    opened,
)
from cunshi.review.editor.history import Revision
from cunshi.review.editor.segments_json import from_json, to_json
from cunshi.transcription.draft import draft
from cunshi.transcription.glossary_match import pinyin_of

_TOGETHER = 60  # seconds between saves of a person that are listed as one
_LONGEST_TAB = 100


_ADDRESS = "/api/recordings/{id}"


def routes(desk: Desk) -> list[Route]:
    """Return the routes for reading, saving, restoring and approving a transcript."""
    return [*_looking(desk), *_writing(desk), *_approving(desk)]


def _looking(desk: Desk) -> list[Route]:
    def read(ask: ApiRequest) -> dict[str, Any]:
        accession = desk.accession(ask.path["id"])
        with opened(desk.project, accession) as manuscript:
            view = _view(desk, accession, manuscript)
        return view if ask.query.get("machine") == "later" else view | _heard(desk, accession)

    def machine(ask: ApiRequest) -> dict[str, Any]:
        return _heard(desk, desk.accession(ask.path["id"]))

    def revisions(ask: ApiRequest) -> dict[str, Any]:
        with opened(desk.project, desk.accession(ask.path["id"])) as manuscript:
            return {"revisions": _listed(manuscript.history.revisions())}

    def revision(ask: ApiRequest) -> dict[str, Any]:
        with opened(desk.project, desk.accession(ask.path["id"])) as manuscript:
            number = _number(ask.path["n"])
            found = manuscript.history.revision(number)
            if found is None:
                raise ApiError(404, _("没有这一版"), _("刷新这一页"))
            return {
                **_told(found),
                "segments": [to_json(line) for line in manuscript.lines_at(number)],
            }

    return [
        route("GET", _ADDRESS, read),
        route("GET", f"{_ADDRESS}/machine", machine),
        route("GET", f"{_ADDRESS}/history", revisions),
        route("GET", f"{_ADDRESS}/history/{{n}}", revision),
    ]


def _writing(desk: Desk) -> list[Route]:
    def save(ask: ApiRequest) -> dict[str, Any]:
        accession = desk.accession(ask.path["id"])
        base, data = ask.field("base", int), ask.field("segments", list)
        with opened(desk.project, accession) as manuscript:
            recording = _open(desk, accession)
            _check_revision(manuscript, base)
            known = manuscript.known_lines(base)
            lines = from_json(data, known, recording.technical.duration)
            found = manuscript.save(ask.person, base, lines, _tab(ask))
            return _answer(found, lines)

    def restore(ask: ApiRequest) -> dict[str, Any]:
        accession = desk.accession(ask.path["id"])
        base, number = ask.field("base", int), ask.field("revision", int)
        with opened(desk.project, accession) as manuscript:
            _open(desk, accession)
            _check_revision(manuscript, base)
            _check_revision(manuscript, number, first=1)
            return _answer(manuscript.restore(ask.person, base, number), ())

    return [
        route("PUT", f"{_ADDRESS}/transcript", save),
        route("POST", f"{_ADDRESS}/restore", restore),
    ]


def _check_may_approve(desk: Desk, ask: ApiRequest) -> None:
    """Raise ApiError 403 for an account that may neither approve nor take an approval back."""
    if not desk.auth.people.may_approve(ask.session):
        raise ApiError(403, _("您的账号不能定稿"), _("请一位能定稿的人来定稿，或继续校对"))


def _approving(desk: Desk) -> list[Route]:
    def close(ask: ApiRequest) -> dict[str, Any]:
        _check_may_approve(desk, ask)
        accession = desk.accession(ask.path["id"])
        base = ask.field("base", int)
        with opened(desk.project, accession) as manuscript:
            _check_revision(manuscript, base)
            if not manuscript.is_at(base):
                _answer(manuscript.conflict(base), ())
            return approve(desk.project, accession, manuscript, ask.person)

    def open_again(ask: ApiRequest) -> dict[str, Any]:
        _check_may_approve(desk, ask)
        accession = desk.accession(ask.path["id"])
        with opened(desk.project, accession) as manuscript:
            return reopen(accession, manuscript, ask.person)

    return [
        route("POST", f"{_ADDRESS}/approve", close),
        route("POST", f"{_ADDRESS}/reopen", open_again),
    ]


def _view(desk: Desk, accession: Accession, manuscript: TranscriptDocument) -> dict[str, Any]:
    recording = desk.project.read_recording(accession, [])
    said, sound = recording.description, recording.technical.has_sound
    written = _written(accession, recording)
    terms = desk.project.read_glossary([])
    lines = manuscript.lines or (() if sound else draft_of_written(written))
    return {
        "id": accession.id,
        "title": recording_title(recording),
        "kind": recording.kind.value,
        "narrator": said.narrator,
        "village": said.village,
        "lesson": said.lesson,
        "date": _day(said.date),
        "duration": recording.technical.duration,
        "media": f"/media/{accession.id}" if sound else "",
        "peaks": f"/api/recordings/{accession.id}/peaks" if sound else "",
        "status": status_of(manuscript.text, lines, recording).value,
        "approved_by": said.approved_by,
        "approved_on": _day(said.approved_on),
        "corrected_by": list(manuscript.correctors()),
        "revision": manuscript.revision,
        "segments": [to_json(line) for line in lines],
        "written": written,
        "speakers": _speakers(lines, said.narrator),
        "terms": [_term(term) for term in terms],
    }


def _heard(desk: Desk, accession: Accession) -> dict[str, Any]:
    """Return the machine's draft; the first time may take seconds for hours of speech."""
    lines = _machine(accession, desk.project.read_glossary([]))
    return {
        "words": [[w.start, w.end, w.text, w.probability] for line in lines for w in line.words],
        "machine": [to_json(line) for line in lines],
    }


def _written(accession: Accession, recording: Recording) -> str:
    """Return a family's written words, or nothing."""
    names = [name for name in (recording.master, *recording.companions) if is_text(name)]
    return read_text(accession.master / names[0]).strip() if names else ""


def _machine(accession: Accession, terms: Sequence[Term]) -> tuple[Segment, ...]:
    """Return the draft made from machine.json with the current glossary."""
    if not accession.machine.is_file():
        return ()
    return _draft(accession.machine, accession.machine.stat().st_mtime_ns, tuple(terms))


@lru_cache(maxsize=8)
def _draft(machine: Path, modified: int, terms: tuple[Term, ...]) -> tuple[Segment, ...]:
    heard = read_machine_json(machine)
    return draft(heard, terms) if heard else ()


def _speakers(lines: Iterable[Segment], narrator: str) -> list[str]:
    return list(dict.fromkeys(filter(None, (*(line.speaker for line in lines), narrator))))


def _term(term: Term) -> dict[str, Any]:
    return {
        "term": term.term,
        "pinyin": term.pinyin or pinyin_of(term.term),
        "heard_as": list(term.heard_as),
        "meaning": term.meaning,
    }


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


def _open(desk: Desk, accession: Accession) -> Recording:
    """Return the recording, if its transcript may be edited; else ApiError 423."""
    recording = desk.project.read_recording(accession, [])
    if recording.description.approved_by:
        raise ApiError(
            423,
            _("这份文稿已经由 {who} 定稿").format(who=recording.description.approved_by),
            _("要再改，先取消定稿"),
        )
    return recording


def _tab(ask: ApiRequest) -> str:
    tab = ask.body.get("tab", "")
    if not isinstance(tab, str) or len(tab) > _LONGEST_TAB:
        raise ApiError(400, _("请求里的 {name} 看不懂").format(name="tab"))
    return tab


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _check_revision(manuscript: TranscriptDocument, number: int, first: int = 0) -> None:
    if not first <= number <= manuscript.revision:
        raise ApiError(400, _("没有这一版"), _("刷新这一页"))


def _answer(found: Saved | Conflict, sent: Sequence[Segment]) -> dict[str, Any]:
    if isinstance(found, Saved):
        other = found.lines != tuple(sent)
        return {
            "revision": found.revision,
            "merged": list(found.merged),
            "segments": [to_json(line) for line in found.lines] if other else None,
        }
    raise ApiError(
        409,
        _("{who} 同时改了这几句").format(who=found.who or _("别人")),
        _("看一看两边写的，选好再保存；您写的还在这一页上"),
        revision=found.revision,
        segments=[to_json(line) for line in found.theirs],
        base=[to_json(line) for line in found.base],
        who=found.who,
        time=found.time,
    )


def _told(found: Revision) -> dict[str, Any]:
    return {
        "revision": found.revision,
        "who": name_of(found),
        "time": found.time,
        "what": _what(found),
        "changed": found.changed,
    }


def _what(found: Revision) -> str:
    return {
        history.DRAFTED: _("机器初稿"),
        history.ELSEWHERE: _("在别的程序里改的"),
        history.SAVED: _("保存"),
        history.MERGED: _("保存，和别人的修改合在一起"),
        history.RESTORED: _("恢复到第 {number} 版").format(number=found.of),
        history.APPROVED: _("定稿"),
        history.REOPENED: _("取消定稿"),
    }.get(found.what, found.what)


def _listed(revisions: Iterable[Revision]) -> list[dict[str, Any]]:
    """Return the revisions, latest first, with saves of a person within a minute as one."""
    listed: list[dict[str, Any]] = []
    newer: Revision | None = None
    for found in revisions:
        if newer and _belongs_to(found, newer):
            listed[-1]["changed"] += found.changed
            listed[-1]["saves"] += 1
        else:
            listed.append({**_told(found), "saves": 1})
        newer = found
    return listed


def _belongs_to(found: Revision, newer: Revision) -> bool:
    same = found.what == newer.what == history.SAVED and found.who == newer.who
    times = [dt.datetime.fromisoformat(one.time) for one in (found, newer)]
    return same and (times[1] - times[0]).total_seconds() <= _TOGETHER
