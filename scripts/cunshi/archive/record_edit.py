"""Change recording.yml without touching what people wrote in it.

``RecordFile`` is the only writer of existing records. ``follow_deposit`` computes a record's new
values after its deposit's folder.yml or file name has changed.
"""

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import yaml

from cunshi.archive.accession import Accession
from cunshi.archive.records import ALIASES, description_values, read_description
from cunshi.core.errors import RecordError
from cunshi.core.files import write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_edit import empty_value, encode_as, replace_value, rewrite, set_value
from cunshi.core.yaml_fields import decode_text, parse_fields, read_bytes_of
from cunshi.domain.consent import Access, Consent
from cunshi.domain.description_merge import limited, stricter
from cunshi.domain.recording import Description


@dataclass(frozen=True)
class RecordFile:
    """A recording.yml with its content as read.

    Open it under ``Project.writing`` if it is to be changed. ``problems`` are its invalid parts.
    """

    accession: Accession
    data: bytes
    text: str
    description: Description
    problems: tuple[Problem, ...]

    @classmethod
    def open(cls, accession: Accession) -> "RecordFile":
        """Read the file; DiskError if that fails, RecordError if it is not text."""
        data = read_bytes_of(accession.record)
        text = decode_text(data, accession.record)
        description, problems = _read(text, _where(accession))
        return cls(accession, data, text, description, problems)

    def check(self) -> None:
        """Raise RecordError for the first invalid part."""
        for problem in self.problems:
            raise _error(problem)

    def set(self, wanted: Description, *, despite_problems: bool = False) -> dict[str, Any]:
        """Change the file so that it describes ``wanted``; all other bytes are kept.

        Returns the changed fields with their new values in the form of ``as_logged``, None where a
        field was emptied. Raises RecordError, without writing, if the new text would not be read as
        ``wanted``, or if a part is invalid; with ``despite_problems``, parts that were already
        invalid may remain.
        """
        if wanted == self.description:
            return {}
        text = self._text_with(wanted, despite_problems=despite_problems)
        write_atomic(self.accession.record, encode_as(text, self.text, self.data))
        before, after = as_logged(self.description), as_logged(wanted)
        names = (name for name in (after | before) if after.get(name) != before.get(name))
        return {name: after.get(name) for name in names}

    def _text_with(self, wanted: Description, *, despite_problems: bool) -> str:
        known = {problem.cause for problem in self.problems}
        tolerated = known if despite_problems else set[str]()
        unread = set[str]()
        for text in self._candidates(wanted):
            description, problems = _read(text, "")
            causes = {problem.cause for problem in problems}
            if description == wanted and causes <= tolerated:
                return text
            unread |= causes
        raise self._error_for(unread)

    def _candidates(self, wanted: Description) -> Iterator[str]:
        """Yield new texts, best first: values in place, keys replaced, and everything rewritten."""
        before, after = description_values(self.description), description_values(wanted)
        changed = {name: value for name, value in after.items() if value != before[name]}
        in_place = partial(_set_in_place, before=before)
        for edit in (in_place, _replace_keys, partial(rewrite, aliases=ALIASES)):
            try:
                text = edit(self.text, changed)
            except (yaml.YAMLError, ValueError):
                continue
            yield text

    def _error_for(self, unread: Set[str]) -> RecordError:
        """Return the error for the first remaining problem, else that it cannot be written."""
        kept = [p for p in self.problems if p.cause in unread] or list(self.problems)
        for problem in kept:
            return _error(problem)
        return RecordError(
            _("目录卡里写不进去"),
            _("请懂电脑的人用记事本打开 recording.yml 改好"),
            where=_where(self.accession),
        )


def _where(accession: Accession) -> str:
    return f"archive/{accession.id}/{accession.record.name}"


def _error(problem: Problem) -> RecordError:
    return RecordError(problem.cause, problem.remedy, where=problem.where, line=problem.line)


def _read(text: str, where: str) -> tuple[Description, tuple[Problem, ...]]:
    problems: list[Problem] = []
    description = read_description(parse_fields(text, where, problems, ALIASES), finish=False)
    return description, tuple(problems)


def _set_in_place(text: str, changed: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    for name, value in changed.items():
        text = _set_field(text, name, before[name], value)
    return text


def _replace_keys(text: str, changed: Mapping[str, Any]) -> str:
    for name, value in changed.items():
        text = replace_value(text, name, value, ALIASES)
    return text


def _set_field(text: str, name: str, before: Any, value: Any) -> str:
    if name != "consent" or not before or not value:
        return set_value(text, (name,), value, ALIASES)
    for key in [key for key in before if key not in value]:
        text = empty_value(text, (name, key), ALIASES)
    for key, part in value.items():
        if before.get(key) != part:
            text = set_value(text, (name, key), part, ALIASES)
    return text


def as_logged(said: Description) -> dict[str, Any]:
    """Return a description as JSON for events.jsonl, without empty fields."""
    logged: dict[str, Any] = json.loads(json.dumps(description_values(said), default=str))
    return {name: value for name, value in logged.items() if value}


def follow_deposit(
    ours: Description,
    theirs: Description,
    base: Mapping[str, Any],
    *,
    doubtful: bool = False,
    decided: Set[str] = frozenset(),
) -> Description:
    """Return a record's description after a change of its deposit's folder.yml or file name.

    This is a three-way merge by field. ``base`` is what the deposit said when it was last adopted
    (:func:`as_logged`). A field of recording.yml that is still equal to ``base`` follows the
    deposit; one that a person changed or emptied is kept, except that access, minority and the end
    of a consent become stricter. A name that is removed from the deposit is kept, but a consent
    that is removed is removed. ``doubtful`` means that a part of folder.yml is invalid, which might
    be a withdrawal: then nothing stays open.

    ``decided`` are fields that a person set at the review desk. They only yield to a withdrawal and
    to values that are new in the deposit.
    """
    merged = _three_way(ours, theirs, base, decided)
    if doubtful and merged.consent.by:
        return replace(merged, access=Access.SEALED)
    return merged


def _three_way(
    ours: Description, theirs: Description, base: Mapping[str, Any], decided: Set[str]
) -> Description:
    same = {n for n in description_values(ours) if as_logged(ours).get(n) == base.get(n)}
    untouched = same - decided
    known = {n for n in decided if as_logged(theirs).get(n) == base.get(n)}
    follows = {
        name: value
        for name in untouched
        if (value := getattr(theirs, name)) not in (None, "") and value is not False
    }
    merged = replace(ours, **follows)
    if "consent" not in untouched and ours.consent.by:
        limits = theirs.consent
        if "consent" in known:
            limits = Consent(withdrawn_on=limits.withdrawn_on)
        merged = replace(merged, consent=limited(ours.consent, limits))
    if "access" in known:
        merged = replace(merged, access=ours.access)
    elif "access" not in untouched or theirs.access is None:
        merged = replace(merged, access=stricter(ours.access, theirs.access))
    return replace(merged, minor=merged.minor or (theirs.minor and "minor" not in known))


def deposit_history(accession: Accession) -> tuple[dict[str, Any], set[str]]:
    """Return what the deposit said when last adopted, and the fields a person decided since then.

    Both are needed by ``follow_deposit``; RecordError or DiskError if the events cannot be read.
    """
    logged: dict[str, Any] = {}
    decided = set[str]()
    for event in accession.read_events():
        fields = event.fields or {}
        logged |= fields
        decided = (decided - fields.keys()) | (event.decided or {}).keys()
    return logged, decided


def as_permitted(
    description: Description, logged: Mapping[str, Any], decided: Set[str]
) -> Description:
    """Return a description without an access level that nobody has granted to a minor's recording.

    A level that this program has copied from a folder.yml, which said nothing of a minor, is no
    permission. ``logged`` and ``decided`` are those of ``deposit_history``.
    """
    if not description.minor or description.access in {None, Access.SEALED}:
        return description
    copied = as_logged(description).get("access") == logged.get("access")
    if copied and not logged.get("minor") and "access" not in decided:
        return replace(description, access=None)
    return description
