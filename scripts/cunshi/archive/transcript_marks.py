"""Understand a withholding mark however it is written, and rewrite it in its usual form.

The usual form is a block ``NOTE 不公开`` of its own above a cue. People write it in other ways with
a text editor: in Traditional characters, with a colon or brackets, above the times without an empty
line, inside the cue. Each of these withholds the nearest line, or both if two are equally near.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

MARK_NOTE = "NOTE 不公开"
FORMER_NOTE = "NOTE 原来写着："

# Traditional characters of the words below.
_SIMPLIFIED = dict(
    zip(
        "開請別佈發對這該傳們話錄內條處給許準讓願網禁嚴暫",
        "开请别布发对这该传们话录内条处给许准让愿网禁严暂",
        strict=True,
    )
)
_TRADITIONAL = re.compile(f"[{''.join(_SIMPLIFIED)}]")
_NOT = (
    r"(?:不要|不能|不可以?|不得|不宜|不许|不准|不想|不愿意?|不让|不给|不用|暂不|请勿|勿|别|莫|"
    r"禁止|严禁|不)"
)
_TO_ALL = r"(?:再|对外|向外|往外|在网上|到网上|上网)*"
_PUBLISHED = r"(?:公开|公布|发布|发表|外传|播放|播出|放出(?:来|去)?|上网|对外)"
_ENGLISH = (
    r"(?:not|don'?t|never)(?:tobe|be)?(?:public|publish|open|release)|withh[eo]ld|private|"
    r"confidential|nopublication|unpublished"
)
_MARK = re.compile(rf"{_NOT}{_TO_ALL}{_PUBLISHED}|{_ENGLISH}")
# A line that says nothing else: "这句请不要公开。"
_THIS = (
    r"(?:note|注|备注|注意|标记|mark)?(?:please)?(?:do)?"
    r"(?:请|这|此|本|该|以上|以下|上面|下面|一|句|段|行|条|话|录音|内容|部分|都|先|千万)*"
)
_ALONE = re.compile(rf"{_THIS}(?:{_MARK.pattern})(?:的|了|吧|哦|啊|ed|this|it|line)*")
_SPOKEN_NOT = re.compile(r"[\W_]+")
_BRACKETS = re.compile(
    r"[(\[{（【〔［｛〈《〖][^()\[\]{}（）【】〔〕［］｛｝〈〉《》〖〗<>]*[)\]}）】〕］｝〉》〗]"
)
_TAG = re.compile(r"<[^<>]*>|&lt;[^<>&]*&gt;")
_VOICE = re.compile(r"^(?:<|&lt;)(?:v(?:\.\w+)*\s)?")
_LONGEST_BRACKET = 24  # characters of a mark in brackets; more is a remark of the narrator's
_LONGEST_STRAY = 40  # characters of a block that is neither a comment nor a cue
_NOTE = re.compile(r"\A\s*note(?![a-z])\s*[:：]?\s*", re.IGNORECASE)
_TIMES = re.compile(r"(?:\d+:)?\d+:\d+[.,]\d+[ \t]*-->[ \t]*(?:\d+:)?\d+:\d+[.,]\d+")
_LONGEST_TIMES = 1000  # characters of a line with times
_OTHER_BLOCKS = ("STYLE", "REGION")
_LABELLED = ("存疑：", "已改：", "核对：")  # the program's own notes, which may quote words


class OddMark(NamedTuple):
    """A mark in an unusual form: its line from 1, and what is written there."""

    line: int
    words: str


def normal(text: str) -> str:
    """Return a text in which forms of a mark are equal: no spaces, one script, one width."""
    text = "".join(unicodedata.normalize("NFKC", html.unescape(text)).split())
    if not text.isprintable():  # zero-width and direction characters are not
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return _TRADITIONAL.sub(lambda found: _SIMPLIFIED[found[0]], text.lower())


def mentions_mark(text: str) -> bool:
    """Check whether a text contains the words of a mark anywhere."""
    return _MARK.search(normal(text)) is not None


@dataclass
class _Block:
    """A block of the file; ``marks`` are what is written above a cue instead of its mark."""

    number: int
    lines: list[str]
    is_cue: bool = False
    is_withheld: bool = False
    former: list[str] = field(default_factory=list)
    drop: bool = False

    def formatted(self) -> Iterator[str]:
        if self.drop:
            return
        yield from self.former
        if self.is_withheld:
            yield MARK_NOTE
        yield "\n".join(self.lines)


@dataclass
class _Reader:
    """Collects the marks of a file while its blocks are read."""

    guides: frozenset[str]
    blocks: list[_Block] = field(default_factory=list)
    odd: list[OddMark] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)  # notes for the next cue
    is_waiting: bool = False

    def read(self, number: int, lines: list[str]) -> None:
        times = [n for n, line in enumerate(lines) if "-->" in line]
        if times and (self.blocks or not lines[0].startswith("WEBVTT")):
            self._read_cues(number, lines, times)
        elif not self.blocks:
            self._read_head(number, lines)
        else:
            self._read_comment(number, lines)

    def _read_head(self, number: int, lines: list[str]) -> None:
        words = "\n".join(lines).removeprefix("\ufeff").removeprefix("WEBVTT")
        block = _Block(number, lines)
        self.blocks.append(block)
        if mentions_mark(words):
            block.lines = ["WEBVTT"]
            self._note_odd(number, words)
            self._withhold_next(words)

    def _read_comment(self, number: int, lines: list[str]) -> None:
        block = _Block(number, lines)
        self.blocks.append(block)
        if "\n".join(lines) in self.guides or lines[0].startswith((*_OTHER_BLOCKS, FORMER_NOTE)):
            return
        if lines[0].startswith("NOTE") and _has_usual_mark(lines):
            return
        is_note = _NOTE.match(lines[0])
        marked = [(n, line) for n, line in enumerate(lines) if _is_marked_note(line)]
        if not marked or not (is_note or len(normal("".join(lines))) <= _LONGEST_STRAY):
            return
        self._note_odd(number + marked[0][0], marked[0][1])
        block.drop = True
        words = "；".join(
            _NOTE.sub("", line, count=1) if not n else line for n, line in enumerate(lines)
        )
        before = next((b for b in reversed(self.blocks) if b.is_cue), None)
        if before:
            before.is_withheld = True
        self._withhold_next(words)

    def _read_cues(self, number: int, lines: list[str], times: list[int]) -> None:
        """Read a block with one time line, or with several where an empty line is missing."""
        begins = [0, *(_begin(lines, at) for at in times[1:]), len(lines)]
        for first, last, at in zip(begins, begins[1:], times, strict=False):
            follows = first > 0
            self._read_cue(number + first, lines[first:last], at - first, follows=follows)

    def _read_cue(self, number: int, lines: list[str], at: int, *, follows: bool) -> None:
        block = _Block(number, [], is_cue=True)
        above = [
            line
            for n, line in enumerate(lines[:at])
            if not self._take(block, number + n, line, is_mark=_mentions(line))
        ]
        if follows and block.is_withheld and self.blocks[-1].is_cue:
            self.blocks[-1].is_withheld = True  # between two lines without an empty one
        times = self._read_times(block, number + at, lines[at])
        text = [self._read_text(block, number + n, lines[n]) for n in range(at + 1, len(lines))]
        block.lines = [*above, times, *(line for line in text if line)]
        if self.is_waiting:
            block.is_withheld = True
            block.former += self.waiting
        self.is_waiting, self.waiting = False, []
        self.blocks.append(block)

    def _take(self, block: _Block, number: int, line: str, *, is_mark: bool) -> bool:
        """Take a line as a mark of the cue, if it is one."""
        if is_mark:
            self._note_odd(number, line)
            block.is_withheld = True
            block.former += _former(_NOTE.sub("", line, count=1))
        return is_mark

    def _read_times(self, block: _Block, number: int, line: str) -> str:
        found = _TIMES.search(line) if len(line) <= _LONGEST_TIMES else None
        if found is None:
            return line
        for words in (line[: found.start()], line[found.end() :]):
            if self._take(block, number, words, is_mark=_mentions(words)):
                line = line.replace(words, " ") if words.strip() else line
        return line.strip()

    def _read_text(self, block: _Block, number: int, line: str) -> str:
        """Return a line of a cue's text without the marks in it."""
        text, marks = without_marks(line)
        for mark in marks:
            self._take(block, number, mark, is_mark=True)
        return text

    def _note_odd(self, number: int, words: str) -> None:
        self.odd.append(OddMark(number, " ".join(words.split())))

    def _withhold_next(self, words: str) -> None:
        self.is_waiting = True
        self.waiting += _former(words)


def without_marks(line: str) -> tuple[str, list[str]]:
    """Return a line of a cue's text without the marks in it, and these: the whole line, a name in
    a voice tag, or something in brackets. A sentence that contains the words is no mark.
    """
    if _is_marked_line(line):
        return "", [line]
    marks = [m[0] for m in _BRACKETS.finditer(line) if _is_marked_bracket(m[0])]
    for mark in marks:
        line = line.replace(mark, "")
    tags = [m[0] for m in _TAG.finditer(line) if _is_alone(_VOICE.sub("", m[0]))]
    for tag in tags:
        line = line.replace(tag, "")
    return line, [*marks, *tags]


def _is_marked_bracket(text: str) -> bool:
    return len(text) <= _LONGEST_BRACKET and mentions_mark(text)


def _mentions(line: str) -> bool:
    return bool(line.strip()) and mentions_mark(line)


def _has_usual_mark(lines: Iterable[str]) -> bool:
    texts = (line.removeprefix("NOTE").strip() for line in lines)
    return any(text.startswith("不公开") for text in texts)


def _is_marked_note(line: str) -> bool:
    """Check whether a line of a comment has a mark; the program's notes may quote spoken words."""
    text = _NOTE.sub("", line, count=1).strip()
    if text.startswith(_LABELLED):
        parts = re.split("[；;，,。]", text.partition("：")[2])
        return any(_is_alone(part) for part in parts if "→" not in part)
    return mentions_mark(text)


def _is_marked_line(line: str) -> bool:
    """Check whether a line of a cue is a mark and nothing that was said."""
    return _is_alone(line) or bool(_NOTE.match(line) and mentions_mark(line))


def _is_alone(text: str) -> bool:
    return _ALONE.fullmatch(_SPOKEN_NOT.sub("", normal(text))) is not None


def _former(words: str) -> list[str]:
    """Return a comment with what was written, if it says more than the mark."""
    words = " ".join(words.replace("-->", "→").split())
    return [] if not words or _is_alone(words) else [FORMER_NOTE + words]


def _begin(lines: list[str], at: int) -> int:
    """Return where the cue with the times at ``at`` begins: at a mark above them, or there."""
    return at - 1 if at and (_is_marked_line(lines[at - 1])) else at


@lru_cache(maxsize=4)  # one text is read several times in a row
def with_usual_marks(text: str, guides: tuple[str, ...] = ()) -> tuple[str, tuple[OddMark, ...]]:
    """Return a transcript with every mark in its usual form, and those that were not.

    ``guides`` are comments that explain marks. Without an unusual mark the text is returned
    unchanged.
    """
    if not mentions_mark(text):
        return text, ()
    reader = _Reader(frozenset(guides))
    for number, lines in _numbered_blocks(text):
        reader.read(number, lines)
    if not reader.odd:
        return text, ()
    if reader.is_waiting:
        _withhold_last(reader)
    parts = [part for block in reader.blocks for part in block.formatted()]
    made = "\n\n".join(parts) + "\n"
    return (made.replace("\n", "\r\n") if "\r\n" in text else made), tuple(reader.odd)


def _withhold_last(reader: _Reader) -> None:
    """Let a mark after the last cue hold for it."""
    last = next((block for block in reversed(reader.blocks) if block.is_cue), None)
    if last:
        last.is_withheld = True
        last.former += reader.waiting


def _numbered_blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the blocks between empty lines, each with the number of its first line from 1."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line:
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []
