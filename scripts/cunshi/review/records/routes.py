"""The desk's API for the record and consent of a recording."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from functools import partial
from typing import Any

from starlette.routing import Route

from cunshi.archive.accession import Accession
from cunshi.archive.events import METADATA_MODIFICATION, Event
from cunshi.archive.record_edit import RecordFile, as_logged
from cunshi.archive.records import ALIASES, read_description
from cunshi.catalogue.checks import names_replaced
from cunshi.catalogue.titles import recording_title
from cunshi.catalogue.transcripts import read_transcripts
from cunshi.core import clock
from cunshi.core.errors import RecordError
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_edit import dump_inline
from cunshi.core.yaml_fields import parse_fields
from cunshi.domain.access import access_decision
from cunshi.domain.access_reasons import why
from cunshi.domain.consent import NO_USE, Consent
from cunshi.domain.course import LESSON_COUNT
from cunshi.domain.persons.pseudonyms import names_of
from cunshi.domain.recording import Description
from cunshi.publishing.log import days_of
from cunshi.review.api import ApiError, ApiRequest, route
from cunshi.review.context import Desk
from cunshi.review.records import consent_scans

_LONGEST = 5000  # characters of one field
_LINES = {"title", "village", "narrator", "access", "language", "date"}
_DAYS = {
    "date",
    *(f"consent.{name}" for name in ("signed_on", "until", "withdrawn_on", "embargo")),
}
_TEXTS = {"rights", "note", "motto", "meaning"}
_CONSENT = {field.name for field in fields(Consent)}


def routes(desk: Desk) -> list[Route]:
    """Return the routes for reading and changing a record, withdrawing consent, and scans."""

    def read(ask: ApiRequest) -> dict[str, Any]:
        return view(desk, desk.accession(ask.path["id"]))

    def change(ask: ApiRequest) -> dict[str, Any]:
        accession = desk.accession(ask.path["id"])
        base, values = ask.field("base", str), ask.field("values", dict)
        with desk.project.writing():
            if base != _base(accession):
                raise ApiError(
                    409,
                    _("这张目录卡刚才有人改过"),
                    _("看一看两边写的，选好再保存"),
                    **view(desk, accession),
                )
            _save(accession, ask.person, values)
        return view(desk, accession)

    def withdraw(ask: ApiRequest) -> dict[str, Any]:
        accession = desk.accession(ask.path["id"])
        with desk.project.writing():
            if _said(accession).consent.withdrawn_on is None:
                day = clock.today().isoformat()
                _save(accession, ask.person, {"consent": {"withdrawn_on": day}})
        return view(desk, accession)

    address = "/api/recordings/{id}"
    return [
        route("GET", f"{address}/record", read),
        route("PUT", f"{address}/record", change),
        route("POST", f"{address}/withdraw", withdraw),
        *consent_scans.routes(desk, partial(view, desk)),
    ]


def view(desk: Desk, accession: Accession) -> dict[str, Any]:
    """Return the data of a record's page."""
    problems: list[Problem] = []
    base, said = _base(accession), _said(accession)
    recording = desk.project.read_recording(accession, problems)
    archive = desk.project.read_archive([])
    decision = access_decision(recording, days_of(desk.project, []))
    named = replace(recording, description=said)
    transcript = read_transcripts(desk.project, archive, [recording], [])[recording.id]
    reason = why(decision, recording.description.consent)
    return {
        "base": base,
        "values": _values(said),
        "scans": consent_scans.listed(accession),
        "access": decision.level.name.lower(),
        "why": _("目录卡里有读不懂的地方，先封存。") if problems else reason,
        "title": recording_title(recording),
        "kind": recording.kind.value,
        "duration": recording.technical.duration,
        "original_name": recording.original_name,
        "language": recording.language(archive),
        "unreadable": [{"line": p.line, "cause": p.cause, "remedy": p.remedy} for p in problems],
        "names_replaced": names_replaced(named, transcript, names_of(named, archive)),
        "last": _last(accession),
    }


def _base(accession: Accession) -> str:
    try:
        return hashlib.sha256(accession.record.read_bytes()).hexdigest()
    except OSError:
        return ""


def _said(accession: Accession) -> Description:
    return RecordFile.open(accession).description if accession.record.is_file() else Description()


def _values(said: Description) -> dict[str, Any]:
    """Return a record as JSON; ``uses`` is None if no use was ticked."""
    logged = as_logged(said)
    values: dict[str, Any] = {name: logged.get(name, "") for name in sorted(_LINES | _TEXTS)}
    consent = {name: logged.get("consent", {}).get(name, "") for name in sorted(_CONSENT)}
    uses = [use for use in said.consent.uses if use != NO_USE]
    consent["uses"] = uses if said.consent.uses else None
    return values | {"lesson": said.lesson, "minor": said.minor, "consent": consent}


def _last(accession: Accession) -> dict[str, str] | None:
    """Who changed the record last at a desk, and when."""
    for event in reversed(accession.read_events()):
        if event.decided is not None:
            return {"who": event.agent or "", "time": event.time}
    return None


def _save(accession: Accession, person: str, values: Mapping[str, Any]) -> None:
    """Write decided values to recording.yml; ApiError 422 without writing if they are invalid."""
    record = RecordFile.open(accession) if accession.record.is_file() else None
    if record is None or not record.text:
        raise _untakable("", _("目录卡不见了"), _("从备份恢复 recording.yml"))
    wanted = _wanted(record.description, _entries(values))
    _check_guardian(wanted, values)
    try:
        changed = record.set(wanted)
    except RecordError as error:
        cause = _("目录卡第 {line} 行：{cause}").format(line=error.line, cause=error.cause)
        remedy = error.remedy or _("请懂电脑的人用记事本打开 recording.yml 改好")
        raise _untakable("", cause if error.line else error.cause, remedy) from error
    if changed:
        accession.add_event(Event(METADATA_MODIFICATION, agent=person, decided=dict(values)))


def _untakable(key: str, cause: str, remedy: str = "") -> ApiError:
    problems = [{"key": key, "cause": cause, "remedy": remedy}]
    return ApiError(422, cause, remedy, problems=problems)


def _check_guardian(wanted: Description, values: Mapping[str, Any]) -> None:
    """Require a guardian for a minor's consent; minority itself can always be set."""
    consent = wanted.consent
    given = consent.by and consent.withdrawn_on is None
    if "consent" in values and wanted.minor and given and not consent.guardian:
        raise _untakable(
            "consent.guardian",
            _("未成年人要监护人同意"),
            _("写上监护人的姓名；还没有签，签署人就先空着"),
        )


def _entries(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return key → value as in recording.yml, with ``consent.by`` for keys of the consent."""
    flat = {key: value for key, value in values.items() if key != "consent"}
    consent = values.get("consent", {})
    if not isinstance(consent, dict):
        raise _untakable("consent", _("同意书的写法看不懂"))
    flat |= {f"consent.{key}": value for key, value in consent.items()}
    return {key: _entry(key, value) for key, value in flat.items()}


def _entry(key: str, value: Any) -> Any:
    section, __, name = key.rpartition(".")
    known = _CONSENT if section else _LINES | _TEXTS | {"lesson", "minor"}
    if name not in known or section not in {"", "consent"}:
        raise _untakable(key, _("不能改 “{key}” 这一项").format(key=key))
    if name == "uses":
        return _uses(value)
    if name == "minor" and isinstance(value, bool):
        return value
    if name == "lesson" and (value is None or _is_lesson(value)):
        return value
    if name in {"minor", "lesson"} or not isinstance(value, str | None):
        raise _untakable(key, _("这一栏的内容看不懂"))
    return _text(key, value or "")


def _is_lesson(value: Any) -> bool:
    return type(value) is int and 1 <= value <= LESSON_COUNT


def _uses(value: Any) -> list[str] | None:
    if value is None:
        return None
    if not (isinstance(value, list) and all(isinstance(use, str) for use in value)):
        raise _untakable("consent.uses", _("用途要一项一项地勾"))
    return value or [NO_USE]


def _text(key: str, value: str) -> Any:
    if len(value) > _LONGEST:
        cause = _("这一栏太长了（最多 {count} 个字）").format(count=_LONGEST)
        raise _untakable(key, cause)
    value = value.strip() if key in _TEXTS else " ".join(value.split())
    if key in _DAYS:
        with suppress(ValueError):
            return dt.date.fromisoformat(value)
    return value


def _wanted(ours: Description, entries: Mapping[str, Any]) -> Description:
    """Return the requested description, parsed like the file."""
    inside = {key.removeprefix("consent."): key for key in entries if key.startswith("consent.")}
    lines = [(key, f"{key}: ") for key in entries if key not in inside.values()]
    if inside:
        lines += [("consent", "consent:"), *((key, f"  {n}: ") for n, key in inside.items())]
    written = [(key, f"{line}{dump_inline(entries.get(key))}\n") for key, line in lines]
    problems: list[Problem] = []
    text = "".join(text for __, text in written)
    said = read_description(parse_fields(text, "", problems, ALIASES), finish=False)
    if problems:
        # Texts with line breaks are written as block scalars.
        keys = [key for key, text in written for __ in range(text.count("\n"))]
        told = [{"key": keys[p.line - 1], "cause": p.cause, "remedy": p.remedy} for p in problems]
        raise ApiError(422, told[0]["cause"], told[0]["remedy"], problems=told)
    consent = replace(ours.consent, **{name: getattr(said.consent, name) for name in inside})
    plain = {key: getattr(said, key) for key in entries if key not in inside.values()}
    return replace(ours, **plain, consent=consent)
