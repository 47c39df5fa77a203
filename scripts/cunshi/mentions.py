"""Where a word is spoken: in the transcripts of published recordings, and in the lessons' clips."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cunshi.course_model import Catalogue, Clip, Entry
from cunshi.model import Flag, Recording, Segment
from cunshi.page_text import clean
from cunshi.recording_pages import group_paragraphs
from cunshi.remembered import recall
from cunshi.transcripts import UNHEARD

MOST = 20  # mentions that a page lists: of a village's name there are thousands
_AROUND = 14  # characters of an excerpt on each side of the word
_NOT_SAID = frozenset({Flag.NO_SPEECH, Flag.BOILERPLATE, Flag.UNHEARD})
_APART = "\0"  # between two passages; cleaned text has none


@dataclass(frozen=True, slots=True)
class Mention:
    """A word as it was spoken: in which recording, when (seconds), and the words around it."""

    recording: Recording
    start: float
    before: str
    word: str
    after: str


@dataclass(frozen=True)
class Mentions:
    """The first places where a word is spoken, by recording and time, and how many there are."""

    shown: tuple[Mention, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class _Told:
    """All that is told in a recording: passages, and where in them which line begins.

    ``begins`` are the characters at which the lines begin, ``starts`` their seconds.
    """

    recording: Recording
    text: str
    begins: "array[int]"
    starts: "array[float]"

    def start_at(self, position: int) -> float:
        return self.starts[bisect_right(self.begins, position) - 1]


class Spoken:
    """All that is spoken in a catalogue, to look words up in."""

    def __init__(self, catalogue: Catalogue):
        entries = sorted(catalogue.entries, key=lambda entry: entry.recording.id)
        self._told = [_told(entry) for entry in entries]
        told = {one.recording.id: one for one in self._told}
        self._quoted: dict[str, list[tuple[Clip, _Told]]] = {}
        for clip in (clip for __, clips in catalogue.lessons for clip in clips):
            found = told.get(clip.ref.recording_id)
            if found and clip.ref.quote and not clip.withheld:
                begins, starts = array("I", [0]), array("d", [clip.ref.start])
                said = _Told(found.recording, clean(clip.words), begins, starts)
                self._quoted.setdefault(found.recording.id, []).append((clip, said))

    def mentions(self, words: Iterable[str]) -> Mentions:
        """Where one of the words is spoken.

        A clip whose author wrote the word down counts where the transcript has it nowhere in the
        clip's time: a machine may have heard something else.
        """
        wanted = [word for word in dict.fromkeys(map(clean, words)) if word]
        shown: list[Mention] = []
        count = 0
        for told in self._told:
            places = self._places(told, wanted)
            count += len(places)
            for start in sorted(places)[: MOST - len(shown)]:
                shown.append(_mention(*places[start], start))
        return Mentions(tuple(shown), count)

    def _places(self, told: _Told, words: list[str]) -> dict[float, tuple[_Told, int, str]]:
        """By the second of its line: in what, at which character, and which word."""
        found = _find(told, words)
        for clip, said in self._quoted.get(told.recording.id, ()):
            if not any(_inside(clip, start) for start in found):
                for start, place in list(_find(said, words).items())[:1]:
                    found.setdefault(start, place)
        return found


def _inside(clip: Clip, start: float) -> bool:
    margin = 8.0  # a line that begins before the clip may reach into it
    return clip.ref.start - margin <= start <= clip.ref.end


def _passages(entry: Entry) -> Iterator[tuple[Segment, ...]]:
    for paragraph in group_paragraphs(entry.transcript.segments):
        yield paragraph.segments


def _told(entry: Entry) -> _Told:
    text, begins, starts = recall(entry.transcript.segments, "told", lambda: _tell(entry))
    begin, start = array("I", map(int, begins.split())), array("d", map(float, starts.split()))
    return _Told(entry.recording, text, begin, start)


def _tell(entry: Entry) -> list[str]:
    """What is remembered of it: the numbers as text, which takes a tenth of the memory of lists."""
    parts: list[str] = []
    begins: list[int] = []
    starts: list[float] = []
    length = 0
    for passage in _passages(entry):
        for segment in passage:
            if _is_said(segment):
                begins.append(length)
                starts.append(segment.start)
                parts.append(clean(segment.text))
                length += len(parts[-1])
        parts.append(_APART)
        length += 1
    return ["".join(parts), " ".join(map(str, begins)), " ".join(map(repr, starts))]


def _is_said(segment: Segment) -> bool:
    doubted = bool(segment.flags) and not _NOT_SAID.isdisjoint(segment.flags)
    return segment.text != UNHEARD and not segment.withheld and not doubted


def _find(told: _Told, words: Iterable[str]) -> dict[float, tuple[_Told, int, str]]:
    found: dict[float, tuple[_Told, int, str]] = {}
    text = told.text
    for word in words:
        at = text.find(word)
        while at >= 0:
            found.setdefault(told.start_at(at), (told, at, word))
            at = text.find(word, at + len(word))
    return found


def _mention(told: _Told, at: int, word: str, start: float) -> Mention:
    end = at + len(word)
    first = told.text.rfind(_APART, 0, at) + 1
    last = told.text.find(_APART, end)
    last = len(told.text) if last < 0 else last
    before, after = told.text[first:at], told.text[end:last]
    return Mention(
        recording=told.recording,
        start=start,
        before="…" + before[-_AROUND:] if len(before) > _AROUND else before,
        word=word,
        after=after[:_AROUND] + "…" if len(after) > _AROUND else after,
    )
