"""Where a word is spoken: in the transcripts of published recordings, and in the lessons' clips."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cunshi.model import Catalogue, Clip, Flag, Recording, Segment
from cunshi.page_text import clean
from cunshi.recording_pages import group_paragraphs
from cunshi.transcripts import UNHEARD

_AROUND = 14  # characters of an excerpt on each side of the word
_NOT_SAID = frozenset({Flag.NO_SPEECH, Flag.BOILERPLATE, Flag.UNHEARD})


@dataclass(frozen=True)
class Mention:
    """A word as it was spoken: in which recording, when (seconds), and the words around it."""

    recording: Recording
    start: float
    before: str
    word: str
    after: str


@dataclass(frozen=True)
class _Passage:
    """Words that are read together; each start belongs to the character where its line begins."""

    recording: Recording
    text: str
    starts: tuple[tuple[int, float], ...]

    def start_at(self, position: int) -> float:
        return [start for begin, start in self.starts if begin <= position][-1]


class Spoken:
    """All that is spoken in a catalogue, to look words up in."""

    def __init__(self, catalogue: Catalogue):
        self._passages = list(_passages(catalogue))
        recordings = {entry.recording.id: entry.recording for entry in catalogue.entries}
        clips = [clip for __, clips in catalogue.lessons for clip in clips if not clip.withheld]
        self._quoted = [
            (clip, _quotation(recordings[clip.ref.recording_id], clip))
            for clip in clips
            if clip.ref.quote and clip.ref.recording_id in recordings
        ]

    def mentions(self, words: Iterable[str]) -> list[Mention]:
        """Every place where one of the words is spoken, by recording and time.

        A clip whose author wrote the word down counts where the transcript has it nowhere in the
        clip's time: a machine may have heard something else.
        """
        wanted = [word for word in dict.fromkeys(map(clean, words)) if word]
        found = [m for passage in self._passages for m in _find(passage, wanted)]
        heard = [(mention.recording.id, mention.start) for mention in found]
        for clip, passage in self._quoted:
            if not any(_inside(clip, *place) for place in heard):
                found += _find(passage, wanted)[:1]
        unique = {(m.recording.id, m.start): m for m in reversed(found)}
        return sorted(unique.values(), key=lambda m: (m.recording.id, m.start))


def _inside(clip: Clip, recording_id: str, start: float) -> bool:
    margin = 8.0  # a line that begins before the clip may reach into it
    ref = clip.ref
    return recording_id == ref.recording_id and ref.start - margin <= start <= ref.end


def _passages(catalogue: Catalogue) -> Iterator[_Passage]:
    for entry in catalogue.entries:
        for paragraph in group_paragraphs(entry.transcript.segments):
            yield _passage(entry.recording, paragraph.segments)


def _passage(recording: Recording, segments: Iterable[Segment]) -> _Passage:
    text, starts = "", []
    for segment in segments:
        if segment.text != UNHEARD and not segment.withheld and not _NOT_SAID & set(segment.flags):
            starts.append((len(text), segment.start))
            text += clean(segment.text)
    return _Passage(recording, text, tuple(starts))


def _quotation(recording: Recording, clip: Clip) -> _Passage:
    return _Passage(recording, clean(clip.words), ((0, clip.ref.start),))


def _find(passage: _Passage, words: Iterable[str]) -> list[Mention]:
    found = []
    for word in words:
        at = passage.text.find(word)
        while at >= 0:
            found.append(_mention(passage, at, word))
            at = passage.text.find(word, at + len(word))
    return found


def _mention(passage: _Passage, at: int, word: str) -> Mention:
    text, end = passage.text, at + len(word)
    before = text[max(0, at - _AROUND) : at]
    after = text[end : end + _AROUND]
    return Mention(
        recording=passage.recording,
        start=passage.start_at(at),
        before="…" + before if at > _AROUND else before,
        word=word,
        after=after + "…" if end + _AROUND < len(text) else after,
    )
