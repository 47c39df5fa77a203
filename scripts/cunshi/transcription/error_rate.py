"""How far a machine's words are from what was said: normalised text, edits, error rate, confusions.

The edits are those of the shortest way from one text to the other (Levenshtein), by jiwer.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cunshi.transcription.chinese import letters, to_simplified

_UNHEARD = re.compile(r"[\[【〔(<]\s*听不清\s*[\]】〕)>]")
_GROUPED = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")
_NUMBER = re.compile(
    r"(?P<year>[12][0-9]{3})(?=年(?![前来來历歷])|[-~–—至到][12][0-9]{3}年)"
    r"|(?P<pair>(?<![0-9.])2)(?=[个個位条條台臺件座家户戶次种種张張块塊只口斤亩畝])"
    r"|[0-9]+(?:\.[0-9]{1,16})?"
)
_LONGEST_AMOUNT = 6  # digits: what is longer is a telephone number, read digit by digit
_LONGEST_CONFUSION = 6  # characters: what is longer does not come back


@dataclass(frozen=True)
class Errors:
    """Edits between what was said, ``length`` characters of it, and what was heard.

    ``deletions`` are speech that was lost, ``insertions`` words that nobody said.
    """

    length: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(
            self.length + other.length,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )

    @property
    def rate(self) -> float:
        """The character error rate; it can be over 1."""
        edits = self.substitutions + self.deletions + self.insertions
        return edits / max(1, self.length)


@dataclass(frozen=True)
class Pair:
    """What was said in a recording, as people wrote it, and what a machine heard."""

    recording_id: str
    said: str
    heard: str


@dataclass(frozen=True)
class Confusion:
    """What was heard instead of what was said, how often, and a recording with it.

    One of the two is empty for words that were lost or that nobody said.
    """

    said: str
    heard: str
    count: int
    example: str


def normalise(text: str) -> str:
    """Letters and Chinese numerals only: script, punctuation and figures are not errors.

    >>> normalise("到了80年代，看著１２台機器")
    '到了八十年代看着十二台机器'
    """
    text = _UNHEARD.sub("", unicodedata.normalize("NFKC", text))
    text = chinese_numbers(text).replace("〇", "零")
    # Punctuation goes before the script, so that it cannot change what a character becomes; and
    # twice, because 薴 becomes 苧 and only that becomes 苎.
    return to_simplified(to_simplified(unicodedata.normalize("NFKC", letters(text))))


def chinese_numbers(text: str) -> str:
    """Arabic figures as they are read: 1962年 digit by digit, 80年代 and 30多户 as amounts.

    Never the other way: Chinese numerals stand in words such as 一家人.
    """
    text = _PERCENT.sub(r"百分之\1", _GROUPED.sub("", text))
    return _NUMBER.sub(_read_number, text)


def _read_number(found: re.Match[str]) -> str:
    import cn2an  # with jiwer a third of a second, which most commands do without

    figures = found[0]
    if found["pair"]:
        return "两"
    whole = figures.partition(".")[0]
    by_digit = found["year"] or len(whole) > _LONGEST_AMOUNT or re.match("0[0-9]", whole)
    read = str(cn2an.an2cn(figures, "direct" if by_digit else "low"))
    return re.sub("^二(?=[千万])", "两", read)


def count_errors(said: str, heard: str) -> Errors:
    """The edits between two texts, normalised first."""
    import jiwer

    said = normalise(said)
    found = jiwer.process_characters(said, normalise(heard))
    return Errors(len(said), found.substitutions, found.deletions, found.insertions)


def error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Edits over all characters of (said, heard) pairs; not the mean of their rates."""
    return sum((count_errors(said, heard) for said, heard in pairs), Errors()).rate


def confusions(pairs: Iterable[Pair], most: int = 20) -> tuple[Confusion, ...]:
    """What is confused most often; of the equally frequent, the longer first."""
    counted = Counter[tuple[str, str]]()
    examples: dict[tuple[str, str], str] = {}
    for pair in pairs:
        for key in _confused(normalise(pair.said), normalise(pair.heard)):
            counted[key] += 1
            examples.setdefault(key, pair.recording_id)
    ordered = sorted(counted, key=lambda key: (-counted[key], -len("".join(key)), key))
    return tuple(Confusion(*key, counted[key], examples[key]) for key in ordered[:most])


def _confused(said: str, heard: str) -> Iterator[tuple[str, str]]:
    """Runs of characters between two that are right, as (said, heard).

    Which character of a run replaces which is arbitrary where their numbers differ, so a run is
    taken whole.
    """
    import jiwer

    equal = [
        (run.ref_start_idx, run.ref_end_idx, run.hyp_start_idx, run.hyp_end_idx)
        for run in jiwer.process_characters(said, heard).alignments[0]
        if run.type == "equal"
    ]
    at, heard_at = 0, 0
    for start, end, heard_start, heard_end in [*equal, (len(said), 0, len(heard), 0)]:
        meant, got = said[at:start], heard[heard_at:heard_start]
        if (meant or got) and max(len(meant), len(got)) <= _LONGEST_CONFUSION:
            yield meant, got
        at, heard_at = end, heard_end
