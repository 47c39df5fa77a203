"""Change one value of a YAML text that people wrote, and leave every other byte of it as it is.

What these functions return has to be read again before it is written to a file: YAML can be spelt
in ways that cannot be changed so, and then they raise yaml.YAMLError (of a broken date ValueError)
or return a text that says something else. ``aliases`` maps other spellings of keys to the keys.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import yaml

from cunshi.core.yaml_fields import LOADER, compose, is_empty

Aliases = Mapping[str, str]
_NO_ALIASES: Aliases = MappingProxyType({})
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb": "utf-8"}


def dump_inline(value: Any) -> str:
    """A value as YAML on one line, nothing for an empty one."""
    if value is None or value == "":
        return ""
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000)
    return text.removesuffix("...\n").strip(" \n")


def set_value(text: str, path: tuple[str, ...], value: Any, aliases: Aliases = _NO_ALIASES) -> str:
    """Set a key of the top level, or a key in the mapping under one."""
    node: Any = compose(text)
    for depth, key in enumerate(path):
        parent, found = node, _find(node, key, aliases)
        if found is None and value in (None, ""):
            return text
        if found is None and not depth:
            return _insert(text, None, f"{key}: {_nest(path[1:], value)}")
        if found is None:
            entry = _nest(path[depth:], value).removeprefix("{").removesuffix("}")
            return _insert(text, parent, entry)
        key_node, node = found
        if not isinstance(node, yaml.MappingNode):
            break
    below = path[depth + 1 :]
    written = _nest(below, value) if below or not depth else _in_mapping(value, parent)
    return f"{text[: key_node.end_mark.index]}: {written}".rstrip(" ") + text[_end(text, node) :]


def empty_value(text: str, path: tuple[str, str], aliases: Aliases = _NO_ALIASES) -> str:
    """Take a key out of a mapping in braces; of one in lines its key stays, and its comment."""
    found = _find(compose(text), path[0], aliases)
    mapping = found[1] if found else None
    if not isinstance(mapping, yaml.MappingNode) or not mapping.flow_style:
        return set_value(text, path, None, aliases)
    # Between the brace before the first and the end of the last, each key goes with one comma.
    starts = [int(key.start_mark.index) for key, __ in mapping.value]
    ends = [int(node.end_mark.index) for __, node in mapping.value]
    for number, (key_node, __) in enumerate(mapping.value):
        if aliases.get(key_node.value, key_node.value) == path[1]:
            begin = ends[number - 1] if number else starts[0]
            end = ends[number] if number or len(ends) == 1 else starts[1]
            return text[:begin] + text[end:]
    return text


def replace_value(text: str, key: str, value: Any, aliases: Aliases = _NO_ALIASES) -> str:
    """Set a key of the top level whose value cannot be changed in place.

    What was written there before stays below it, as a comment.
    """
    node = compose(text)
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    starts = [int(pair[0].start_mark.index) for pair in pairs] + [len(text)]
    for number, (key_node, __) in enumerate(pairs):
        if aliases.get(key_node.value, key_node.value) == key:
            begin, end = starts[number], starts[number + 1]
            old = "".join(f"# {line}\n" for line in text[begin:end].splitlines())
            return f"{text[:begin]}{key}: {dump_inline(value)}\n{old}{text[end:]}"
    return f"{text.rstrip()}\n{key}: {dump_inline(value)}\n"


def rewrite(text: str, values: Mapping[str, Any], aliases: Aliases = _NO_ALIASES) -> str:
    """Set keys of the top level by writing the whole text with one key a line.

    All that was written before stays below it, as comments.
    """
    compose(text)  # what is nested too deeply would end the program
    data = yaml.load(text, Loader=LOADER) or {}  # noqa: S506 - LOADER is a safe one
    if not isinstance(data, dict):
        raise yaml.YAMLError("no mapping")
    known = {aliases.get(key, key): value for key, value in data.items()} | dict(values)
    lines = "".join(
        f"{key}: {dump_inline(value)}".rstrip(" ") + "\n" for key, value in known.items()
    )
    return lines + "".join(f"# {line}\n" for line in text.splitlines())


def append_item(text: str, key: str, item: Mapping[str, Any] | str) -> str:
    """Add an item behind the last one of the list under a key of the top level.

    A mapping is written with a key a line, as people write it. A list on one line stays on one.
    """
    end = _line_end(text)
    root = compose(text)
    found = _find(root, key, _NO_ALIASES)
    if found is None:
        return _after_line(text, len(text), f"{key}:{end}" + _item(item, 2, end), end)
    node = found[1]
    start, at = node.start_mark.index, node.end_mark.index
    if is_empty(node) or (isinstance(node, yaml.SequenceNode) and not node.value):
        before = text[:start].rstrip(" ")  # [], ~ or nothing at all
        return _after_line(before + text[at:], len(before), _item(item, 2, end), end)
    if not isinstance(node, yaml.SequenceNode):
        raise yaml.YAMLError("no list")
    if node.flow_style:
        return text[: at - 1] + f", {_in_flow(item)}" + text[at - 1 :]
    written = _item(item, node.start_mark.column, end)
    return _after_line(text, _end(text, node), written, end)


def encode_as(text: str, before: str, data: bytes) -> bytes:
    """A text in the encoding in which ``before`` has the bytes ``data``.

    Raises ValueError where there is none that reading knows.
    """
    mark = "\ufeff" if data[:2] in _MARKS else ""
    for name in (_MARKS.get(data[:2], "utf-8"), "gb18030"):
        if (mark + before).encode(name) == data:
            return (mark + text).encode(name)
    raise ValueError(text)


def _find(node: yaml.Node | None, key: str, aliases: Aliases) -> tuple[yaml.Node, yaml.Node] | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((pair for pair in pairs if aliases.get(pair[0].value, pair[0].value) == key), None)


def _nest(path: tuple[str, ...], value: Any) -> str:
    """``{by: x}`` for what is missing below a key, the bare value when nothing is."""
    for key in reversed(path):
        value = {key: value}
    return dump_inline(value)


def _in_mapping(value: Any, mapping: yaml.MappingNode) -> str:
    if value is None:
        return "null" if mapping.flow_style else ""
    return _in_flow(value)


def _in_flow(value: Any) -> str:
    """A value between braces or brackets, where commas need quotes."""
    return dump_inline([value])[1:-1]


def _end(text: str, node: yaml.Node) -> int:
    """Where a node's own text ends: the marks of what is in lines lie behind the next comments."""
    last = _last_leaf(node)
    end = int(last.end_mark.index)
    if isinstance(last, yaml.ScalarNode) and last.style in {"|", ">"}:
        end = len(text[:end].rstrip("\r\n"))
    return end


def _last_leaf(node: yaml.Node) -> yaml.Node:
    """The last value in a mapping or list in lines; else the node itself."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node


def _insert(text: str, mapping: yaml.MappingNode | None, entry: str) -> str:
    end = _line_end(text)
    if mapping is None:
        return f"{text.rstrip()}{end}{entry}{end}"
    if mapping.flow_style:
        brace = mapping.end_mark.index - 1
        return f"{text[:brace].rstrip()}{', ' if mapping.value else ''}{entry}{text[brace:]}"
    line = f"{' ' * mapping.start_mark.column}{entry}{end}"
    return _after_line(text, _end(text, mapping), line, end)


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _after_line(text: str, at: int, lines: str, end: str) -> str:
    """The text with ``lines`` behind the line in which a place lies."""
    at = text.find("\n", at) + 1 or len(text)
    if at == len(text) and text and not text.endswith("\n"):
        return text + end + lines.removesuffix(end)
    return text[:at] + lines + text[at:]


def _item(item: Mapping[str, Any] | str, indent: int, end: str) -> str:
    """An item of a list in lines."""
    if isinstance(item, str):
        return f"{' ' * indent}- {_in_flow(item)}{end}"
    first, *others = [f"{key}: {dump_inline(value)}" for key, value in item.items()]
    marked = [f"- {first}", *(f"  {line}" for line in others)]
    return "".join(f"{' ' * indent}{line}{end}" for line in marked)
