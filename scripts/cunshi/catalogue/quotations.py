"""Leave out what quotes withheld lines of everything that people write for the site.

Whatever text is in a type of the course is compared, so that a new field is too: a list loses the
entry, Markdown the paragraph or list item, and a title is replaced.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from dataclasses import field as dataclass_field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

from cunshi.archive.machine_json import MachineTranscript
from cunshi.archive.project import Project
from cunshi.catalogue.course.citation_syntax import (
    Citation,
    find_citations,
    without_quotations,
)
from cunshi.catalogue.course.citations import quotes_withheld
from cunshi.catalogue.course.markdown_blocks import in_place_of, split_blocks
from cunshi.catalogue.hidden_names import HiddenNames
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import load_fields, read_text
from cunshi.domain.access import AccessDecision, AccessReason
from cunshi.domain.consent import Access
from cunshi.domain.course import Course, Lesson, Question
from cunshi.domain.persons.pseudonyms import rename_lines
from cunshi.domain.recording import Description, Recording
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Transcript
from cunshi.domain.withheld_words import Passage, Place, WithheldWords, passages_of
from cunshi.transcription.error_rate import normalise

T = TypeVar("T")
D = TypeVar("D", Description, Archive)

# Shown on the page, which is always in Chinese.
LEFT_OUT = "〔这里暂时不能看〕"
_MARKDOWN = frozenset({"about", "body", "teacher"})
_TITLES = frozenset({"title"})  # which may not be empty
_NOT_SHOWN = frozenset(
    {"where", "lessons", "refs"}
)  # file names; citations are checked for themselves
_DESCRIBED = ("title", "rights", "holder", "note", "motto", "meaning")
_SHOWN_OF_ARCHIVE = ("institution", "contact", "rights")
_SITE_TEXTS = ("site_name", "site_description", "copyright")
_GONE = object()
_ENDED = frozenset({AccessReason.WITHDRAWN, AccessReason.EXPIRED})


def withheld_words(
    recordings: Iterable[Recording],
    transcripts: Mapping[str, Transcript],
    decisions: Mapping[str, AccessDecision],
    ceiling: Access = Access.OPEN,
    machine_transcript: Callable[[str], MachineTranscript | None] = lambda __: None,
) -> WithheldWords:
    """Return the words that may not be quoted: of withheld lines, as people and the machine wrote
    them and with pseudonyms, and of whole recordings whose consent was withdrawn or has expired.

    What is said in a published line, too, is no secret.
    """
    known = {recording.id: transcripts[recording.id] for recording in recordings}
    shown = {id_ for id_ in known if _is_shown(decisions[id_], ceiling)}
    ended = {id_ for id_ in known if decisions[id_].reason in _ENDED}
    withheld = [
        passage
        for id_, transcript in known.items()
        if transcript.silenced or id_ in ended
        for passage in _withheld(id_, transcript, machine_transcript, whole=id_ in ended)
    ]

    def published() -> Iterator[Passage]:
        for id_ in shown:
            yield from passages_of(id_, known[id_].segments, withheld=False)
            known[id_].derived.release()

    return WithheldWords(withheld, published, normalise)


def _is_shown(decision: AccessDecision, ceiling: Access) -> bool:
    # What the site contains is no secret in the pack, whatever may be used in lessons.
    return decision.allows_publication(ceiling) or decision.allows_publication()


def _withheld(
    id_: str,
    transcript: Transcript,
    machine_transcript: Callable[[str], MachineTranscript | None],
    *,
    whole: bool,
) -> Iterator[Passage]:
    for form in (transcript, rename_lines(transcript, transcript.names)):
        yield from passages_of(id_, form.segments, withheld=None if whole else True)
    machine = machine_transcript(id_)
    words = [w for s in machine.segments for w in s.words] if machine and not whole else []
    for start, end in transcript.silenced:
        said = (w.text for w in words if start <= (w.start + w.end) / 2 <= end)
        yield Passage(id_, ((start, "".join(said)),))


@dataclass(frozen=True)
class LeavingOut:
    """Leaves out quotations of withheld lines, and reports them with file and line.

    What has a name of ``names`` is left out of lessons and glossary too; it is reported elsewhere.
    """

    words: WithheldWords
    project: Project
    problems: list[Problem]
    names: HiddenNames = dataclass_field(default_factory=HiddenNames)

    def from_lesson(self, lesson: Lesson, path: Path) -> Lesson:
        """Return a lesson without the quotations in its lesson.md, and without the citations in
        what was left out.
        """
        kept = self.from_text(lesson, path)
        if kept.body == lesson.body:
            return kept
        left = {_key(citation) for citation in find_citations(kept.body)[0]}
        written = find_citations(lesson.body)[0]
        refs = (ref for ref, one in zip(lesson.refs, written, strict=True) if _key(one) in left)
        return replace(kept, refs=tuple(refs))

    def from_recordings(self, recordings: Mapping[str, Recording]) -> dict[str, Recording]:
        """Return the recordings without quotations in their descriptions, by id."""
        return {id_: self._from_recording(recording) for id_, recording in recordings.items()}

    def _from_recording(self, recording: Recording) -> Recording:
        path = self.project.accession(recording.id).record
        said = self._from_fields(recording.description, _DESCRIBED, path)
        return recording if said is recording.description else replace(recording, description=said)

    def from_archive(self, archive: Archive) -> Archive:
        """Return the settings without quotations in the texts that the site shows."""
        path = self.project.archive / "archive.yml"
        return self._from_fields(archive, _SHOWN_OF_ARCHIVE, path)

    def from_site_settings(self) -> dict[str, str]:
        """Return texts in place of those in mkdocs.yml that contain quotations, by key."""
        path = self.project.root / "mkdocs.yml"
        written = load_fields(path, "", [])  # its problems are reported by MkDocs itself
        texts = {key: written.text(key) for key in _SITE_TEXTS}
        if not (found := self.words.find([*texts.values()])):
            return {}
        self._report(path, next(iter(found.values())))
        return {_SITE_TEXTS[number]: LEFT_OUT for number in found}

    def _from_fields(self, value: D, names: Sequence[str], path: Path) -> D:
        found = self.words.find([getattr(value, name) for name in names])
        if not found:
            return value
        self._report(path, next(iter(found.values())))
        empty: dict[str, Any] = {names[number]: "" for number in found}
        return replace(value, **empty)

    def from_text(self, written: T, path: Path, name: str = "") -> T:
        """Return a text, a type of the course or a tuple of these without quotations.

        ``name`` is that of the field that contains a text.
        """
        texts = list(_texts(written, name))
        quoted = self.words.find(texts)
        if quoted:
            self._report(path, next(iter(quoted.values())))
        found = {*quoted, *self.names.find(texts, path)}
        if not found:
            return written
        kept = _without(written, name, iter([number in found for number in range(len(texts))]))
        return cast(T, kept)

    def _report(self, path: Path, place: Place) -> None:
        """Report each passage of a file that is left out; the file alone if none is found in it."""
        where = self.project.relative(path)
        found = self.words.find(_lines(path))
        first = {line: found[line] for line in found if line - 1 not in found} or {-1: place}
        for line, quoted in sorted(first.items()):
            cause, remedy = quotes_withheld(quoted)
            problem = Problem(ExitCode.LESSON, where, cause, remedy, line + 1, is_left_out=True)
            self.problems.append(problem)


def _key(citation: Citation) -> tuple[int, str, float, float]:
    return citation.line, citation.recording_id, citation.start, citation.end


def _lines(path: Path) -> list[str]:
    try:
        return without_quotations(read_text(path).replace("\r\n", "\n")).split("\n")
    except CunshiError:
        return []


def _texts(value: object, name: str) -> Iterator[str]:
    """Yield all texts in a value in order; Markdown by blocks, without its citations."""
    if isinstance(value, str):
        if name in _MARKDOWN:
            yield from split_blocks(without_quotations(value))
        else:
            yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item, name)
    elif is_dataclass(value):
        for field in _shown_fields(value):
            yield from _texts(getattr(value, field), field)


def _shown_fields(value: Any) -> list[str]:
    return [field.name for field in fields(value) if field.name not in _NOT_SHOWN]


def _without(value: Any, name: str, quotes: Iterator[bool]) -> Any:
    """Return a value without the texts that quote something, ``_GONE`` if nothing is left of it.

    ``quotes`` says so of each text that ``_texts`` yields.
    """
    if isinstance(value, str):
        if name in _MARKDOWN:
            return _without_blocks(value, quotes)
        return _GONE if next(quotes) else value
    if isinstance(value, tuple):
        kept = [_without(item, name, quotes) for item in value]
        return tuple(item for item in kept if item is not _GONE)
    return _without_fields(value, quotes) if is_dataclass(value) else value


def _without_fields(value: Any, quotes: Iterator[bool]) -> Any:
    changed = {
        field: _without(getattr(value, field), field, quotes) for field in _shown_fields(value)
    }
    if isinstance(value, Lesson | Course):
        for field, text in changed.items():
            if text is _GONE:
                changed[field] = LEFT_OUT if field in _TITLES else ""
    elif _GONE in changed.values() or (
        isinstance(value, Question) and changed["choices"] != value.choices
    ):
        return _GONE
    return replace(value, **changed)


def _blocks(text: str) -> list[str]:
    """Split Markdown into blocks as if it had no citations."""
    ends = [0, *accumulate(map(len, split_blocks(without_quotations(text))))]
    return [text[start:end] for start, end in pairwise(ends)]


def _without_blocks(text: str, quotes: Iterator[bool]) -> str:
    return "".join(
        in_place_of(block, LEFT_OUT) if quoted else block
        for block, quoted in zip(_blocks(text), quotes, strict=False)
    )
