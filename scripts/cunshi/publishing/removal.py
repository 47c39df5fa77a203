"""Compose the site to publish while something is wrong: what must not be seen any longer is taken
away, and a page whose source is faulty stays as it was published, or becomes a placeholder.

A publication may be refused for what it would add or change, never for what it takes away.
"""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cunshi.core.files import link_or_copy, walk_file_names, write_rebuildable
from cunshi.core.problem import Problem
from cunshi.domain.persons.pseudonyms import says_name
from cunshi.domain.settings import Names
from cunshi.domain.withheld_words import WithheldWords
from cunshi.domain.withholding import Ranges, overlapping

_ID = re.compile(r"(?:\d{8}|undated)-[0-9a-f]{8,64}")
_CLIP = re.compile(rf"({_ID.pattern})-(\d+)-(\d+)\.m4a")
_LESSON = re.compile(r"courses/(\d\d)[^/]*/")
_KIT = re.compile(r"kits/(\d\d)/")
_TAG = re.compile(r"<[^>]*>")
_TEXT = frozenset({".html", ".json", ".js", ".xml", ".vtt", ".srt", ".txt", ".ics", ".csv", ".md"})
_SOUND = frozenset({".m4a"})
_PICTURE = frozenset({".jpg", ".png"})
_CONTENT = _TEXT | _SOUND | _PICTURE | {".docx", ".pptx", ".pdf", ".gz", ".zip"}
_ASSETS = "assets/"  # scripts, styles and fonts of the theme
_CLIP_EDGE = 2.5  # seconds around a clip's times that may be in it: edges move to the next pause

# Shown to visitors, so it is always in Chinese.
_PLACEHOLDER = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>这一页正在整理</title>
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; color: #3d352b;
  background: #faf6ef; font: 1.05rem/1.8 "Noto Serif CJK SC", "Songti SC", SimSun, serif; }}
main {{ max-width: 30rem; padding: 2rem; text-align: center; }}
h1 {{ font-size: 1.5rem; font-weight: 600; }}
a {{ color: #8a3b22; }}
</style>
</head>
<body>
<main>
<h1>这一页正在整理</h1>
<p>这里的内容暂时不能看，整理好以后会回来。</p>
<p><a href="{home}">回到首页</a></p>
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Judge:
    """What may still be seen: of recordings, of their sound, and of words and names.

    ``allowed`` are the ids of the recordings that are published, ``silenced`` their ranges without
    sound, ``names`` the names that are not to be published, by recording; "" for all.
    """

    allowed: frozenset[str]
    silenced: Mapping[str, Ranges]
    names: Mapping[str, Names]
    words: WithheldWords

    def may_stay(self, path: str, file: Path, page_of_kit: Path | None = None) -> bool:
        """Check whether a file that was published earlier contains nothing now withheld.

        In case of doubt it does. ``page_of_kit`` is the page of the lesson that a kit belongs to.
        """
        if path.startswith(_ASSETS) and not _ID.search(path):
            return True
        return self._allows(_ID.findall(path)) and self._allows_content(path, file, page_of_kit)

    def _allows_content(self, path: str, file: Path, page_of_kit: Path | None) -> bool:
        suffix = PurePosixPath(path).suffix
        if suffix in _TEXT:
            return self._allows_text(file.read_text("utf-8", "replace"), _ID.findall(path))
        if suffix in _SOUND:
            return self._allows_sound(path)
        if suffix in _PICTURE:
            return not any(self._is_limited(id_) for id_ in _ID.findall(path))
        return suffix not in _CONTENT or self._allows_kit(page_of_kit)

    def _allows(self, ids: Iterable[str]) -> bool:
        return self.allowed.issuperset(ids)

    def _is_limited(self, id_: str) -> bool:
        return bool(self.silenced.get(id_) or self.names.get(id_))

    def _allows_text(self, text: str, about: Iterable[str] = ()) -> bool:
        """Check a text; captions are ``about`` a recording that only their path names."""
        ids = {*_ID.findall(text), *about}
        if not self._allows(ids) or not all(map(self._allows_clip, _CLIP.finditer(text))):
            return False
        shown = html.unescape(_TAG.sub("", text))
        names = [self.names.get("", ()), *(self.names.get(id_, ()) for id_ in ids)]
        return not any(says_name(shown, each) for each in names) and not self.words.found_in(shown)

    def _allows_clip(self, found: re.Match[str]) -> bool:
        id_, start, end = found.groups()
        silenced = self.silenced.get(id_, ())
        first, last = int(start) / 1000 - _CLIP_EDGE, int(end) / 1000 + _CLIP_EDGE
        return not overlapping(silenced, first, last)

    def _allows_sound(self, path: str) -> bool:
        """Check the sound of a file by its name: a clip next to a silenced range may stay."""
        if clip := _CLIP.search(path):
            return self._allows_clip(clip)
        return not any(self._is_limited(id_) for id_ in _ID.findall(path))

    def _allows_kit(self, page: Path | None) -> bool:
        """A kit contains what the page of its lesson shows, and more of the recordings."""
        if page is None or not page.is_file():
            return False
        text = page.read_text("utf-8", "replace")
        limited = any(self._is_limited(id_) for id_ in _ID.findall(text))
        return self._allows_text(text) and not limited


@dataclass(frozen=True)
class _Nobody(Judge):
    """A judge after an erasure: nobody knows any more what was said, so nothing may stay."""

    def may_stay(self, path: str, file: Path, page_of_kit: Path | None = None) -> bool:
        return path.startswith(_ASSETS) and not _ID.search(path)


NOTHING_STAYS = _Nobody(frozenset(), {}, {}, WithheldWords())


@dataclass(frozen=True)
class Faults:
    """Which pages have a faulty source: those of lessons (two digits) and of recordings, or all."""

    lessons: frozenset[str] = frozenset()
    recordings: frozenset[str] = frozenset()
    anywhere: bool = False

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> "Faults":
        """Return the pages that problems affect: all, if the place of one is no lesson and no
        recording.
        """
        lessons, recordings, anywhere = set[str](), set[str](), False
        for problem in problems:
            if found := _LESSON.match(problem.where):
                lessons.add(found[1])
            elif problem.where.startswith("archive/") and (id_ := _ID.search(problem.where)):
                recordings.add(id_[0])
            else:
                anywhere = True
        return cls(frozenset(lessons), frozenset(recordings), anywhere)

    def affect(self, path: str) -> bool:
        """Check whether a file of the site belongs to a faulty lesson or recording."""
        lesson = re.match(r"(?:lessons|kits)/(\d\d)[./]", path)
        return bool(
            (lesson and lesson[1] in self.lessons)
            or not self.recordings.isdisjoint(_ID.findall(path))
        )


@dataclass
class Composition:
    """The files of a site to publish: ``files`` by path, ``blank`` pages and what was ``kept``.

    ``takes_away`` tells whether something that must not be seen is published at present.
    """

    files: dict[str, Path] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    blank: list[str] = field(default_factory=list)
    takes_away: bool = False

    def write(self, target: Path) -> None:
        """Write the site to an empty folder."""
        for path, source in self.files.items():
            link_or_copy(source, target / path)
        for path in self.blank:
            write_rebuildable(target / path, _placeholder(path))


def compose(served: Path, new: Path | None, faults: Faults, judge: Judge) -> Composition:
    """Compose the site from the one that is ``served`` and from a ``new`` one.

    The new one contains only what may be published, but pages with a faulty source may be wrong.
    It is None if it could not be built.
    """
    made = Composition()
    old_names = set(walk_file_names(served))
    new_names = set(walk_file_names(new)) if new else set[str]()
    for path in sorted(old_names | new_names):
        is_faulty = new is None or faults.affect(path) or (faults.anywhere and path in old_names)
        stays = path in old_names and judge.may_stay(path, served / path, _page_of(path, served))
        made.takes_away |= path in old_names and not stays
        if new and path in new_names and not is_faulty:
            made.files[path] = new / path
        elif is_faulty and stays:
            made.files[path] = served / path
            made.kept.append(path)
        elif new and path in new_names and not faults.affect(path):
            made.files[path] = new / path
        elif is_faulty and _is_page(path, judge):
            made.blank.append(path)
        made.takes_away |= _is_dropped(path, new_names, is_faulty)
    _keep_clips(made, served, judge)
    return made


def _keep_clips(made: Composition, served: Path, judge: Judge) -> None:
    """Keep the clips of the pages that stay as they were published."""
    pages = [path for path in made.kept if path.endswith(".html")]
    for page in pages:
        for clip in _CLIP.finditer((served / page).read_text("utf-8", "replace")):
            path = f"clips/{clip[0]}"
            may_stay = (served / path).is_file() and judge.may_stay(path, served / path)
            if path not in made.files and may_stay:
                made.files[path] = served / path
                made.kept.append(path)


def _placeholder(path: str) -> str:
    return _PLACEHOLDER.format(home="../" * path.count("/") + "index.html")


def _page_of(path: str, site: Path) -> Path | None:
    kit = _KIT.match(path)
    return site / "lessons" / f"{kit[1]}.html" if kit else None


def _is_page(path: str, judge: Judge) -> bool:
    """Check whether others may link to a path, which therefore becomes a placeholder."""
    return path.endswith(".html") and judge.allowed.issuperset(_ID.findall(path))


def _is_dropped(path: str, new_names: set[str], is_faulty: bool) -> bool:
    """Check whether people have removed a page, with what is on it: it goes in any case."""
    return path.endswith(".html") and path not in new_names and not is_faulty


def blank(site: Path, judge: Judge) -> None:
    """Take off a local site what may no longer be seen, because a new one could not be made."""
    composition = compose(site, None, Faults(), judge)
    kept = set(composition.kept)
    for path in list(walk_file_names(site)):
        if path in composition.blank:
            write_rebuildable(site / path, _placeholder(path))
        elif path not in kept:
            (site / path).unlink()
