"""Read YAML mappings field by field, and report every mistake with its line."""

import difflib
import math
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import yaml

from cunshi.core.errors import CunshiError, DiskError, ExitCode, RecordError
from cunshi.core.files import IrregularFileError, exists, read_regular
from cunshi.core.i18n import _
from cunshi.core.problem import Problem

T = TypeVar("T")

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENCODINGS = ("utf-8-sig", "gb18030")
_MAX_DEPTH = 20  # levels of nesting
_MAX_BYTES = 4 << 20  # of a text; a transcript of ten hours has a tenth of it
_MAX_DIGITS = 15  # of a number; Python refuses to convert thousands
_LONGEST_SHOWN = 60  # characters of a value in a message
_MOST_PROBLEMS = 12  # that are reported of one file
_YES = {"true", "yes", "on", "是", "有", "对"}
_NO = {"false", "no", "off", "否", "无", "不", "没有"}


def read_text(path: Path) -> str:
    """Read a text file by a volunteer: UTF-8 with or without BOM, UTF-16 with BOM, or GB 18030.

    Raises RecordError if it is not text, DiskError if it cannot be read.
    """
    return decode_text(read_bytes_of(path), path)


def read_bytes_of(path: Path) -> bytes:
    """Return the bytes of a text; DiskError if it cannot be read, RecordError if it is no regular
    file, or larger than a text can be.
    """
    try:
        data = read_regular(path, _MAX_BYTES + 1)
    except IrregularFileError as error:
        raise RecordError(
            _("这不是普通文件"), _("移走它，或换成普通的文字文件"), where=path
        ) from error
    except OSError as error:
        raise DiskError(error, path) from error
    if len(data) > _MAX_BYTES:
        raise RecordError(_("这个文件太大了，不像是手写的"), _("检查是不是放错了文件"), where=path)
    return data


def decode_text(data: bytes, path: Path) -> str:
    """Decode the bytes of a text file; see read_text."""
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else _ENCODINGS
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RecordError(
        _("这个文件不是文字，或编码不认识"), _("用记事本打开，另存为 UTF-8 编码"), where=path
    )


class Fields:
    """A YAML mapping whose values are read with typed methods.

    Each method marks its key as known; ``finish`` reports the keys that nobody read. ``aliases``
    maps alternative keys, such as Chinese ones, to keys.
    """

    def __init__(
        self,
        node: yaml.MappingNode | None,
        where: str,
        problems: list[Problem],
        aliases: Mapping[str, str] | None = None,
        code: ExitCode = ExitCode.RECORD,
        first_line: int = 1,
    ):
        self.where, self.problems, self.code = where, problems, code
        self._aliases = aliases or {}
        self._first_line = first_line
        self._nodes: dict[str, yaml.Node] = {}
        self._lines: dict[str, int] = {}
        self._known: set[str] = set()
        self._reported = [0]  # in the file, shared with the mappings inside
        self.is_readable = True  # whether the file is a mapping at all
        self.doubled: set[str] = set()  # keys of which one value is lost
        self.line = self._line(node) if node else first_line
        for key_node, value_node in node.value if node else ():
            self._add(key_node, value_node)

    def _add(self, key_node: yaml.Node, value_node: yaml.Node) -> None:
        if not isinstance(key_node, yaml.ScalarNode):
            self._report(self._line(key_node), _("这里的写法看不懂"), _("每行写成 “名称: 内容”"))
            return
        key = self._aliases.get(key_node.value, key_node.value)
        if key in self._nodes and not (is_empty(value_node) or is_empty(self._nodes[key])):
            self.doubled.add(key)
            self._report(
                self._line(key_node),
                _("“{key}” 写了两次").format(key=key_node.value),
                _("留下一个，删去另一个"),
            )
            return
        if key not in self._nodes or not is_empty(value_node):
            self._nodes[key] = value_node
            self._lines[key] = self._line(key_node)

    def _line(self, node: yaml.Node) -> int:
        return int(node.start_mark.line) + self._first_line

    def _report(self, line: int, cause: str, remedy: str = "") -> None:
        self._reported[0] += 1
        if self._reported[0] > _MOST_PROBLEMS:
            return
        if self._reported[0] == _MOST_PROBLEMS:
            cause, remedy = _("这个文件里还有别的毛病"), _("先改好上面几处，再看")
        self.problems.append(Problem(self.code, self.where, cause, remedy, line))

    def report_key(self, key: str, cause: str, remedy: str = "") -> None:
        """Report that the value of a key is invalid."""
        self._report(self.line_of(key), cause, remedy)

    def line_of(self, key: str) -> int:
        """Return the line of a key, or of the mapping if the key is missing."""
        return self._lines.get(key, self.line)

    def __contains__(self, key: str) -> bool:
        return key in self._nodes

    def _scalar(self, key: str) -> str:
        self._known.add(key)
        node = self._nodes.get(key)
        if node is None or is_empty(node):
            return ""
        if not isinstance(node, yaml.ScalarNode):
            self.report_key(key, _("“{key}” 只能写一项内容").format(key=key))
            return ""
        return str(node.value).strip()

    def text(self, key: str, default: str = "") -> str:
        """Return the text of a key, or the default if it is empty."""
        return self._scalar(key) or default

    def integer(self, key: str, default: int = 0) -> int:
        """Return the integer of a key."""
        value = self._scalar(key)
        if value and not (value.isdecimal() and len(value) <= _MAX_DIGITS):
            self.report_key(key, _("“{key}” 要写整数").format(key=key))
            return default
        return int(value) if value else default

    def number(self, key: str) -> float:
        """Return the number of a key, 0 if it is empty."""
        value = self._scalar(key)
        try:
            number = float(value or 0)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
        self.report_key(key, _("“{key}” 要写数字").format(key=key))
        return 0.0

    def flag(self, key: str, *, default: bool = False, invalid: bool = False) -> bool:
        """Return yes or no; ``invalid`` if the value is neither."""
        value = self._scalar(key).lower()
        if value in _YES or value in _NO:
            return value in _YES
        if value:
            self.report_key(key, _("“{key}” 要写 是 或 否").format(key=key))
            return invalid
        return default

    def day(self, key: str) -> date | None:
        """Return the date of a key (``2026-01-12``)."""
        value = self._scalar(key)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            self.report_key(
                key,
                _("日期 “{value}” 看不懂").format(value=value[:_LONGEST_SHOWN]),
                _("写成 2026-01-12 的样子"),
            )
            return None

    def choice(self, key: str, choices: Mapping[str, T], *, invalid: T) -> T | None:
        """Return one of the named choices: None if empty, ``invalid`` if unknown."""
        value = self._scalar(key)
        if value and value not in choices:
            self.report_key(
                key,
                _("“{value}” 不是可以选的内容").format(value=value[:_LONGEST_SHOWN]),
                _("可以写：{choices}").format(choices="、".join(choices)),
            )
            return invalid
        return choices[value] if value else None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of texts of a key; a single text counts as a list of one."""
        node = self._nodes.get(key)
        if not isinstance(node, yaml.SequenceNode):
            return tuple(filter(None, [self._scalar(key)]))
        self._known.add(key)
        if not all(isinstance(item, yaml.ScalarNode) for item in node.value):
            self.report_key(
                key,
                _("“{key}” 的每一项要写成一行文字").format(key=key),
                _("内容里有冒号时，给整行加上引号"),
            )
        return tuple(str(n.value).strip() for n in node.value if isinstance(n, yaml.ScalarNode))

    def is_list(self, key: str) -> bool:
        """Check whether the value of a key is a list, even an empty one."""
        return isinstance(self._nodes.get(key), yaml.SequenceNode)

    def section(self, key: str, aliases: Mapping[str, str] | None = None) -> "Fields":
        """Return the mapping of a key, empty if there is none.

        ``aliases`` replaces the aliases of this mapping.
        """
        self._known.add(key)
        node = self._nodes.get(key)
        if node is not None and not isinstance(node, yaml.MappingNode):
            if self._scalar(key):
                self.report_key(key, _("“{key}” 下面要分行写各项内容").format(key=key))
            node = None
        return self._child(node, aliases)

    def sections(self, key: str) -> Iterator["Fields"]:
        """Yield the mappings in the list of a key."""
        self._known.add(key)
        node = self._nodes.get(key)
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                if isinstance(item, yaml.MappingNode):
                    yield self._child(item)
                else:
                    self._report(self._line(item), _("“{key}” 的这一项看不懂").format(key=key))
        elif self._scalar(key):
            self.report_key(key, _("“{key}” 要写成列表").format(key=key))

    def _child(
        self, node: yaml.MappingNode | None, aliases: Mapping[str, str] | None = None
    ) -> "Fields":
        aliases = self._aliases if aliases is None else aliases
        child = Fields(node, self.where, self.problems, aliases, self.code, self._first_line)
        child._reported = self._reported
        return child

    def finish(self) -> None:
        """Report every key that was not read, and suggest the nearest known one."""
        unknown = (key for key in self._nodes if key not in self._known)
        for key in islice(unknown, _MOST_PROBLEMS):
            near = difflib.get_close_matches(
                key[:_LONGEST_SHOWN], [*self._known, *self._aliases], 1
            )
            remedy = _("是不是想写 “{near}”？").format(near=near[0]) if near else _("请删去这一行")
            self.report_key(key, _("不认识的名称 “{key}”").format(key=key[:_LONGEST_SHOWN]), remedy)


def is_empty(node: yaml.Node) -> bool:
    """Whether nothing is written where a value could be."""
    return str(node.tag) == "tag:yaml.org,2002:null"


def parse_fields(
    text: str,
    where: str,
    problems: list[Problem],
    aliases: Mapping[str, str] | None = None,
    code: ExitCode = ExitCode.RECORD,
    first_line: int = 1,
) -> Fields:
    """Parse YAML text as one mapping; a syntax error becomes a problem and an empty mapping."""
    before = len(problems)
    node = _compose(text, where, problems, code, first_line)
    if node is not None and not isinstance(node, yaml.MappingNode):
        problems.append(
            Problem(code, where, _("应当每行写成 “名称: 内容”"), _remedy(text), first_line)
        )
        node = None
    is_readable = len(problems) == before
    fields = Fields(node, where, problems, aliases, code, first_line)
    fields.is_readable = is_readable
    return fields


def _compose(
    text: str, where: str, problems: list[Problem], code: ExitCode, first_line: int
) -> yaml.Node | None:
    try:
        return compose(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = (mark.line if mark else 0) + first_line
        problems.append(Problem(code, where, _("YAML 写法有误"), _remedy(text), line))
        return None


def compose(text: str) -> yaml.Node | None:
    """The node of a YAML text; yaml.YAMLError for one that is wrong or nested too deeply."""
    _check_depth(text)
    node: yaml.Node | None = yaml.compose(text, Loader=LOADER)
    return node


def _check_depth(text: str) -> None:
    """Raise YAMLError for nesting so deep that parsing would exhaust the interpreter's stack."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise yaml.YAMLError("nested too deeply")


def _remedy(text: str) -> str:
    if "：" in text:
        return _("冒号要用英文半角 “:”，后面空一格")
    if "\t" in text:
        return _("缩进要用空格，不能用 Tab 键")
    return _("检查这一行的冒号、引号和缩进；内容里有冒号时，给内容加上引号")


def load_fields(
    path: Path, where: str, problems: list[Problem], aliases: Mapping[str, str] | None = None
) -> Fields:
    """Read a YAML file as one mapping; a missing file gives an empty one."""
    if not exists(path):
        return Fields(None, where, problems, aliases)
    try:
        text = read_text(path)
    except CunshiError as error:
        problems.append(Problem(error.code, where, error.cause, error.remedy))
        fields = Fields(None, where, problems, aliases)
        fields.is_readable = False
        return fields
    return parse_fields(text, where, problems, aliases)


def load_list(
    path: Path,
    where: str,
    problems: list[Problem],
    aliases: Mapping[str, str] | None = None,
    code: ExitCode = ExitCode.RECORD,
) -> Iterator[Fields]:
    """Read a YAML file that is a list of mappings; RecordError if it is not text."""
    text = read_text(path)
    node = _compose(text, where, problems, code, 1)
    for item in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        if isinstance(item, yaml.MappingNode):
            yield Fields(item, where, problems, aliases, code)
        elif item is not None:
            line = int(item.start_mark.line) + 1
            cause = _("要写成列表，每一项以 “- 名称: 内容” 开头")
            problems.append(Problem(code, where, cause, _remedy(text), line))
