"""Bringing an existing recording.yml up to date without touching what people wrote in it."""

import json
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

import yaml

from cunshi.archive.records import ALIASES, description_values, dump_inline, read_description
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import LOADER, parse_fields
from cunshi.domain.consent import Access, Consent
from cunshi.domain.description_merge import limited, stricter
from cunshi.domain.recording import Description


def as_logged(said: Description) -> dict[str, Any]:
    """What is said, as JSON for events.jsonl; empty fields left out."""
    logged: dict[str, Any] = json.loads(json.dumps(description_values(said), default=str))
    return {name: value for name, value in logged.items() if value}


def amend_record(
    text: str,
    ours: Description,
    theirs: Description,
    base: Mapping[str, Any],
    *,
    doubtful: bool = False,
    decided: Set[str] = frozenset(),
) -> str:
    """Bring into recording.yml what the deposit's folder and file name say since they were read.

    A three-way merge, field by field: ``base`` is what they said when last taken over
    (:func:`as_logged`). Where recording.yml still says that, it follows them; where a person has
    written something else, or emptied it, it stays as it is, byte for byte. Only access, minority
    and the end of a consent become stricter even then. A name that falls silent empties nothing,
    but a consent that is no longer given is taken out. ``doubtful`` tells that some of what the
    folder says cannot be read: it might be a withdrawal, so nothing stays open.

    ``decided`` are fields that a person set at the review desk, knowing the record: what they
    decided yields to nothing but a withdrawal and to what is said anew.
    """
    merged = _three_way(ours, theirs, base, decided)
    if doubtful and merged.consent.by:
        merged = replace(merged, access=Access.SEALED)
    return set_fields(text, ours, merged)


def set_fields(text: str, ours: Description, merged: Description) -> str:
    """The text of a recording.yml that says ``ours``, changed to say ``merged``.

    Every byte stays that does not have to change. A text that cannot be changed in place is
    written anew, with what stood there as comments.
    """
    before, after = description_values(ours), description_values(merged)
    changed = {name: value for name, value in after.items() if value != before[name]}
    try:
        amended = text
        for name, value in changed.items():
            amended = _amend_field(amended, name, before[name], value)
        if not changed or _reads_as(amended, merged):
            return amended
    except yaml.YAMLError:
        pass  # written in a way that cannot be changed in place
    replaced = text
    try:
        for name, value in changed.items():
            replaced = _replace_block(replaced, name, value)
        if _reads_as(replaced, merged):
            return replaced
    except yaml.YAMLError:
        pass  # such as a whole record in one pair of braces
    return _written_anew(text, changed)


def _written_anew(text: str, changed: Mapping[str, Any]) -> str:
    """The record with one key a line; what was written before stays below it, as comments."""
    data = yaml.load(text, Loader=LOADER)  # noqa: S506 - LOADER is a safe one
    values = {ALIASES.get(key, key): value for key, value in data.items()} | dict(changed)
    lines = "".join(f"{key}: {dump_inline(value)}".rstrip() + "\n" for key, value in values.items())
    return lines + "".join(f"# {line}\n" for line in text.splitlines())


def _reads_as(text: str, said: Description) -> bool:
    problems: list[Problem] = []
    fields = parse_fields(text, "", problems, ALIASES)
    return read_description(fields, finish=False) == said and not problems


def _replace_block(text: str, key: str, value: Any) -> str:
    """Set a top-level key where its value is written in a way that cannot be changed in place.

    What was written there before stays, as a comment.
    """
    node = yaml.compose(text, Loader=LOADER)
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    starts = [int(pair[0].start_mark.index) for pair in pairs] + [len(text)]
    for number, (key_node, __) in enumerate(pairs):
        if ALIASES.get(key_node.value, key_node.value) == key:
            begin, end = starts[number], starts[number + 1]
            old = "".join(f"# {line}\n" for line in text[begin:end].splitlines())
            return f"{text[:begin]}{key}: {dump_inline(value)}\n{old}{text[end:]}"
    return f"{text.rstrip()}\n{key}: {dump_inline(value)}\n"


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


def _amend_field(text: str, name: str, before: Any, value: Any) -> str:
    if name != "consent" or not before or not value:
        return set_value(text, (name,), value)
    for key in before.keys() - value.keys():
        text = _empty(text, (name, key))
    for key, part in value.items():
        if before.get(key) != part:
            text = set_value(text, (name, key), part)
    return text


def _empty(text: str, path: tuple[str, str]) -> str:
    """Take a key out of a mapping in braces; of one in lines its key stays, and its comment."""
    found = _find(yaml.compose(text, Loader=LOADER), path[0])
    mapping = found[1] if found else None
    braces = isinstance(mapping, yaml.MappingNode) and mapping.flow_style
    pairs = mapping.value if mapping and braces else ()
    for number, (key_node, node) in enumerate(pairs):
        if number and ALIASES.get(key_node.value, key_node.value) == path[1]:
            begin = int(pairs[number - 1][1].end_mark.index)
            return text[:begin] + text[int(node.end_mark.index) :]
    return set_value(text, path, None)


def set_value(text: str, path: tuple[str, ...], value: Any) -> str:
    """Set one key, or a key in a mapping, of a YAML text; every other byte of it stays."""
    node: Any = yaml.compose(text, Loader=LOADER)
    for depth, key in enumerate(path):
        found = _find(node, key)
        if found is None:
            written = _nest(path[depth:], value)
            return _insert(text, node if depth else None, written)
        key_node, node = found
        if not isinstance(node, yaml.MappingNode):
            written = _nest(path[depth + 1 :], value, in_mapping=depth > 0)
            return _put(text, key_node, written, int(node.end_mark.index))
    return _put(text, key_node, dump_inline(value), _end(node))


def _put(text: str, key_node: yaml.Node, written: str, end: int) -> str:
    return f"{text[: key_node.end_mark.index]}: {written}".rstrip() + text[end:]


def _find(node: yaml.Node | None, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((pair for pair in pairs if ALIASES.get(pair[0].value, pair[0].value) == key), None)


def _nest(path: tuple[str, ...], value: Any, *, in_mapping: bool = False) -> str:
    """``{by: x}`` for what is missing below a key, the bare value when nothing is."""
    if in_mapping and not path:
        if value is None:
            return ""
        # In a flow mapping commas and brackets need quotes that they do not need on a line alone.
        return dump_inline([value])[1:-1]
    for key in reversed(path):
        value = {key: value}
    return dump_inline(value)


def _end(node: yaml.Node) -> int:
    """Where a node's own text ends: a block mapping's mark lies behind the comments after it."""
    while isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        node = node.value[-1][1]
    return int(node.end_mark.index)


def _insert(text: str, mapping: yaml.MappingNode | None, written: str) -> str:
    entry = written.removeprefix("{").removesuffix("}")
    if mapping is None:
        return f"{text.rstrip()}\n{entry}\n"
    if mapping.flow_style:
        brace = mapping.end_mark.index - 1
        return f"{text[:brace].rstrip()}{', ' if mapping.value else ''}{entry}{text[brace:]}"
    end, indent = _end(mapping), " " * mapping.start_mark.column
    return f"{text[:end]}\n{indent}{entry}{text[end:]}"
