"""Find a person's name in a text in whatever way it is written: script, width, spaces, titles.

Names and texts are compared in a normal form: Simplified, lower case, without spaces, marks and
Markdown's emphasis. Names that only may be meant (pinyin, the same sound, another title) are found
by ``similar_names``; people decide about them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from cunshi.core.chinese import to_simplified

SHORTEST = 2  # characters: a single one occurs in too many other words
_NOT_COUNTED = frozenset("*_~`\\·•・‧-")
_BETWEEN = re.compile(r"[、，,;；/&＆（）()\[\]【】]+|和(?=\w{2,})")
_LISTED = re.compile(r"[、，,;；/|\n]+")

# The same title in several spellings, after a surname or a name.
_TITLES = (
    ("师傅", "师父", "老师傅", "老师父"),
    ("老师",),
    ("先生", "老先生"),
    ("阿婆", "老阿婆", "婆婆"),
    ("阿姨",),
    ("嬢嬢", "阿嬢"),
    ("大伯", "阿伯", "伯伯", "老伯"),
    ("叔叔", "阿叔", "大叔"),
    ("爷叔",),
    ("爷爷", "老爷爷"),
    ("公公", "阿公"),
    ("奶奶", "阿奶", "老奶奶"),
    ("书记", "老书记"),
    ("校长", "老校长"),
    ("队长", "老队长"),
    ("会计", "老会计"),
    ("医生", "老医生"),
    ("主任", "老主任"),
)
_ALL_TITLES = tuple(title for titles in _TITLES for title in titles)
_LONGEST_BASE = 4  # characters of a name before its title
# Sounds that are confused in the local speech and by recognition.
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))


class Found(NamedTuple):
    """A name in a text: its range of characters, and its number in the list of names."""

    start: int
    end: int
    number: int


class _Characters(dict[int, str]):
    """The normal form of each character, for ``str.translate``; computed when first needed."""

    def __missing__(self, code: int) -> str:
        parts = unicodedata.normalize("NFKD", chr(code)).casefold()
        kept = "".join(c for c in parts if _counts(c))
        if kept and not kept.isascii():
            kept = to_simplified(kept)
        self[code] = kept
        return kept


def _counts(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] not in "ZMC" and character not in _NOT_COUNTED


_NORMAL = _Characters()


def normal_name(text: str) -> str:
    """Return a text in the normal form in which names are compared."""
    return text.translate(_NORMAL)


def same_name(one: str, other: str) -> bool:
    """Check whether two names differ only in writing: script, width, spaces, or title."""
    return bool(normal_name(one)) and _key(one) == _key(other)


def includes_name(narrators: str, name: str) -> bool:
    """Check whether a narrator's name, or one of several, is a name."""
    parts = (narrators, *_BETWEEN.split(narrators), *narrators.split())
    return any(same_name(part, name) for part in parts)


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a text that may list several: 周师傅、周德明, or with spaces.

    A space may also be inside a name (周 师傅), so what it separates is added to the whole.
    """
    names = [name.strip() for name in _LISTED.split(text)]
    words = [name.split() for name in names]
    several = (one for one in words if len(one) > 1 and all(_is_chinese_name(w) for w in one))
    return tuple(filter(None, dict.fromkeys((*names, *(w for one in several for w in one)))))


def _is_chinese_name(word: str) -> bool:
    return len(normal_name(word)) >= SHORTEST and not word.isascii() and word not in _ALL_TITLES


def find_names(text: str, names: Sequence[str]) -> list[Found]:
    """Return all places in a text with one of the names; of several at a place the longest."""
    pattern = _any_of(tuple(names))
    if pattern is None:
        return []
    normal = normal_name(text)
    matches = list(pattern.finditer(normal))
    if not matches:
        return []
    origin = [n for n, character in enumerate(text) for __ in character.translate(_NORMAL)]
    found = []
    for match in matches:
        start, end = origin[match.start()], origin[match.end() - 1] + 1
        if not _continues(text, start, end):
            found.append(Found(start, end, int(match.lastgroup[1:]) if match.lastgroup else 0))
    return found


def _continues(text: str, start: int, end: int) -> bool:
    """Check whether a name in Latin letters is only a part of a longer word."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    return (_is_latin(text[start]) and _is_latin(before)) or (
        _is_latin(text[end - 1]) and _is_latin(after)
    )


def _is_latin(character: str) -> bool:
    return character.isalpha() and normal_name(character).isascii()


@cache
def _any_of(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return a pattern of normal text with a numbered group for each name, the longest first."""
    usable = [(n, name) for n, name in enumerate(names) if len(normal_name(name)) >= SHORTEST]
    if not usable:
        return None
    usable.sort(key=lambda item: -len(normal_name(item[1])))
    return re.compile("|".join(f"(?P<n{n}>{_spellings(name)})" for n, name in usable))


def _spellings(name: str) -> str:
    """Return a pattern of a name with all spellings of its title."""
    base, titles = _split(normal_name(name))
    if not titles:
        return re.escape(base)
    either = "|".join(sorted(titles, key=len, reverse=True))
    return f"{re.escape(base)}(?:{either})"


def _key(name: str) -> str:
    base, titles = _split(normal_name(name))
    return base + (titles[0] if titles else "")


@cache
def _split(name: str) -> tuple[str, tuple[str, ...]]:
    """Split a normal name into what is before its title, and all spellings of the title."""
    for title in sorted(_ALL_TITLES, key=len, reverse=True):
        base = name.removesuffix(title)
        if base != name and 0 < len(base) <= _LONGEST_BASE:
            return base, next(titles for titles in _TITLES if title in titles)
    return name, ()


def similar_names(text: str, names: Iterable[str]) -> Iterator[str]:
    """Yield what in a text may mean one of the names: pinyin, another spelling of the same sound,
    the given name, or the surname with another title.
    """
    normal = normal_name(text)
    for name in names:
        for similar in _similar(normal_name(name)):
            if similar in normal and not find_names(similar, [name]):
                yield similar
        yield from _same_sound(normal, normal_name(name))


@cache
def _similar(name: str) -> tuple[str, ...]:
    if not name or name.isascii():
        return ()
    base, titles = _split(name)
    surname, given = base[0], base[1:]
    found = {surname + title for title in _ALL_TITLES} | {"老" + surname, "小" + surname}
    if len(given) >= SHORTEST:
        found.add(given)
    if given and not titles:
        found.add("阿" + given[-1])
    sounds = _pinyin(base)
    if given:
        found |= {"".join(sounds), "".join((*sounds[1:], sounds[0]))}
    return tuple(sorted(found))


def _same_sound(text: str, name: str) -> Iterator[str]:
    """Yield each part of a normal text that sounds like a name and is written differently."""
    if len(name) <= SHORTEST or name.isascii():
        return  # two syllables sound like too much else
    sounds = _SOUNDS.of(text)
    wanted = _SOUNDS.of(name)
    at = sounds.find(wanted)
    while at >= 0:
        part = text[at : at + len(name)]
        if part != name:
            yield part
        at = sounds.find(wanted, at + 1)


class _Sounds(dict[int, str]):
    """A character for each group of similar syllables, for ``str.translate``."""

    def __init__(self) -> None:
        super().__init__()
        self._codes: dict[str, str] = {}

    def of(self, text: str) -> str:
        return text.translate(self)

    def __missing__(self, code: int) -> str:
        [syllable] = _pinyin(chr(code)) or [""]
        for one, other in _ALIKE:
            syllable = syllable.replace(one, other)
        self[code] = self._codes.setdefault(syllable, chr(0x10_0000 + len(self._codes)))
        return self[code]


_SOUNDS = _Sounds()


@cache
def _pinyin(text: str) -> tuple[str, ...]:
    """Return a syllable without tone for each character; other characters as they are."""
    from pypinyin import lazy_pinyin  # loads dictionaries that most commands do not need

    return tuple(
        syllable for character in text for syllable in lazy_pinyin(character, errors="default")
    )
