"""A transcript in the editor: file, history, and merging of several people's changes.

transcript.vtt belongs to people. Its current content counts, and changes made with other programs
are first added to the history.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cunshi.archive.accession import Accession
from cunshi.archive.project import Project
from cunshi.archive.transcript_edit import format_corrected, without_draft_note
from cunshi.archive.transcript_file import as_written, is_untouched_draft, parse_transcript
from cunshi.core.errors import RecordError
from cunshi.core.files import write_atomic
from cunshi.core.i18n import _
from cunshi.core.yaml_fields import read_text
from cunshi.domain.transcript import Segment
from cunshi.review.editor import history
from cunshi.review.editor.history import History, Revision, digest
from cunshi.review.editor.merge import Lines, count_changed, merge


@dataclass(frozen=True)
class Saved:
    """The result of a save: the current revision, and whose changes were merged."""

    revision: int
    lines: Lines
    merged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conflict:
    """The reason why a save was rejected: somebody has changed the same lines since ``base``."""

    revision: int
    base: Lines
    theirs: Lines
    who: str
    time: str


@dataclass
class TranscriptDocument:
    """A transcript. Use only while Project.writing is held."""

    accession: Accession
    where: str
    text: str = ""
    history: History = field(init=False)

    def __post_init__(self) -> None:
        self.history = History(self.accession.history, self.where)
        if self.accession.transcript.exists():
            self.text = read_text(self.accession.transcript)
        self._catch_up()

    @property
    def revision(self) -> int:
        return len(self.history)

    @property
    def lines(self) -> Lines:
        """Return the lines; RecordError if the file is not a valid transcript."""
        return self._parse(self.text)

    def lines_at(self, revision: int) -> Lines:
        """Return the lines of a revision; RecordError if it is damaged or invalid."""
        return self._parse(self.history.text(revision))

    def known_lines(self, base: int) -> Lines:
        """Return the lines of the current state and of an earlier revision."""
        return (*self.lines, *(self._lines_if_known(base) or ()))

    def save(self, who: str, base: int, ours: Lines, tab: str = "") -> Saved | Conflict:
        """Save a person's lines based on revision ``base``, merged with changes of others."""
        theirs, merged = self.lines, None
        if base == self.revision or self._is_own(base, tab):
            merged = ours
        elif (began := self._lines_if_known(base)) is not None:
            merged = merge(began, ours, theirs)
        if merged is None:
            return self._conflict(base)
        if merged not in (ours, theirs):
            # Adjacent lines may overlap after both people moved them.
            merged = tuple(sorted(merged, key=lambda line: line.start))
        others = self._others_since(base, tab)
        joined = merged != ours
        if merged != theirs:
            # If others saved in between, the history says whose changes were merged.
            what = history.MERGED if joined else history.SAVED
            text = format_corrected(self.text, self.accession.id, merged)
            if self._parse(text) != merged:
                raise RecordError(_("这份文稿里有存不下来的写法，没有保存"), where=self.where)
            self._write(text, who, what, count_changed(theirs, merged), tab=tab)
        return Saved(self.revision, merged, others if joined else ())

    def restore(self, who: str, base: int, revision: int) -> Saved | Conflict:
        """Restore an earlier revision, if nobody has changed the current one since ``base``."""
        if digest(self.text) != self._digest_at(base):
            return self._conflict(base)
        text = without_draft_note(self.history.text(revision))
        text = text or format_corrected("", self.accession.id, ())
        lines = self._parse(text)
        if text != self.text:
            changed = self._counted(self.text, text)
            self._write(text, who, history.RESTORED, changed, of=revision)
        return Saved(self.revision, lines)

    def is_at(self, base: int) -> bool:
        """Check whether the transcript is still that of revision ``base``."""
        return digest(self.text) == self._digest_at(base)

    def note(self, who: str, what: str) -> None:
        """Add a decision about the current state to the history."""
        self.history.append(self.text, who, what)

    def conflict(self, base: int) -> Conflict:
        return self._conflict(base)

    def correctors(self) -> tuple[str, ...]:
        """Return who has changed the words since the draft, in order."""
        names: list[str] = []
        for found in self.history.revisions():
            if found.what == history.DRAFTED:
                break
            if found.what in history.WRITTEN and found.who:
                names.append(found.who)
        return tuple(dict.fromkeys(reversed(names)))

    def _parse(self, text: str) -> Lines:
        if not text:
            return ()
        return tuple(map(as_written, parse_transcript(text, self.where)))

    def _catch_up(self) -> None:
        """Reconcile file and history after changes by other programs or an interrupted save."""
        last = self.history.last
        if last is not None and last.sha256 == digest(self.text):
            return
        before = self._text_if_known(self.revision)
        if before is not None and self._was_interrupted(last):
            self.text = before
            write_atomic(self.accession.transcript, self.text)
        elif self.text or self.revision:
            drafted = is_untouched_draft(self.text)
            what = history.DRAFTED if drafted else history.ELSEWHERE
            self.history.append(self.text, "", what, self._counted(before or "", self.text))

    def _was_interrupted(self, last: Revision | None) -> bool:
        """Check whether a save was written to the history but not to the file.

        Somebody who restores the previous state with another program does so later.
        """
        if last is None or last.what not in history.WRITTEN:
            return False
        if digest(self.text) != self._digest_at(last.revision - 1):
            return False
        return _modified(self.accession.transcript) <= _modified(self.accession.history)

    def _text_if_known(self, revision: int) -> str | None:
        try:
            return self.history.text(revision)
        except RecordError:
            return None

    def _lines_if_known(self, revision: int) -> Lines | None:
        try:
            return self.lines_at(revision)
        except RecordError:
            return None

    def _counted(self, before: str, after: str) -> int:
        """Return the number of changed lines; 0 if one of the texts is invalid."""
        try:
            return count_changed(self._parse(before), self._parse(after))
        except RecordError:
            return 0

    def _write(
        self, text: str, who: str, what: str, changed: int, *, of: int = 0, tab: str = ""
    ) -> None:
        """Write the history, then the file, so that an interrupted save can be completed."""
        self.history.append(text, who, what, changed, of=of, tab=tab)
        write_atomic(self.accession.transcript, text)
        self.text = text

    def _digest_at(self, revision: int) -> str:
        if revision == 0:
            return digest("")
        found = self.history.revision(revision)
        return found.sha256 if found else ""

    def _since(self, base: int) -> list[Revision]:
        """Return the revisions after ``base`` that changed the words, oldest first."""
        changes = {*history.WRITTEN, history.ELSEWHERE, history.DRAFTED}
        later = (self.history.revision(n) for n in range(base + 1, self.revision + 1))
        return [found for found in later if found and found.what in changes]

    def _is_own(self, base: int, tab: str) -> bool:
        """Check whether all revisions after ``base`` were saved by the same page, which knows
        them.
        """
        numbers = range(base + 1, self.revision + 1)
        found = [self.history.revision(n) for n in numbers]
        return bool(tab) and all(
            one and one.tab == tab and one.what == history.SAVED for one in found
        )

    def _others_since(self, base: int, tab: str) -> tuple[str, ...]:
        found = [one for one in self._since(base) if not tab or one.tab != tab]
        return tuple(dict.fromkeys(name_of(one) for one in found))

    def _conflict(self, base: int) -> Conflict:
        last = next(iter(reversed(self._since(base))), None)
        who, time = (name_of(last), last.time) if last else ("", "")
        began = self._lines_if_known(base)
        theirs = self.lines
        return Conflict(self.revision, theirs if began is None else began, theirs, who, time)


def name_of(found: Revision) -> str:
    """Return who made a revision, or what did."""
    if found.who:
        return found.who
    return _("机器") if found.what == history.DRAFTED else _("别的程序")


def _modified(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


@contextmanager
def opened(project: Project, accession: Accession) -> Iterator[TranscriptDocument]:
    """Open a transcript and lock out other writers during the block."""
    with project.writing():
        yield TranscriptDocument(accession, project.relative(accession.transcript))


def draft_of_written(text: str) -> tuple[Segment, ...]:
    """Return a family's written words as lines without times."""
    return tuple(
        line for part in text.splitlines() if (line := as_written(Segment(0.0, 0.0, part))).text
    )
