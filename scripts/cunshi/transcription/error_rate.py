"""Compute the character error rate and confusions of machine text, after normalisation.

Edits are minimal (Levenshtein), computed by jiwer.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cunshi.core.chinese import letters, to_simplified

_UNHEARD = re.compile(r"[\[【〔(<]\s*听不清\s*[\]】〕)>]")
_GROUPED = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_PERCENT = re.compile(r"(?<![0-9])([0-9]+(?:\.[0-9]+)?)%")
_NUMBER = re.compile(
    r"(?P<year>[12][0-9]{3})(?=年(?![前来來历歷])|[-~–—至到][12][0-9]{3}年)"
    r"|(?P<pair>(?<![0-9.])2)(?=[个個位条條台臺件座家户戶次种種张張块塊只口斤亩畝])"
    r"|[0-9]+(?:\.[0-9]{1,16})?"
)
_MAX_AMOUNT_DIGITS = 6  # digits: longer numbers are read digit by digit, such as telephone numbers
_MAX_CONFUSION = 6  # characters: longer confusions do not recur


@dataclass(frozen=True)
class Errors:
    """The edits between a reference of ``length`` characters and a hypothesis.

    ``deletions`` are words that were missed, ``insertions`` words that were not spoken.
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
        """The character error rate; it may exceed 1."""
        edits = self.substitutions + self.deletions + self.insertions
        return edits / max(1, self.length)


@dataclass(frozen=True)
class Pair:
    """The reference text of a recording, written by people, and the machine's hypothesis."""

    recording_id: str
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class Confusion:
    """A confusion with its count and an example recording; its fields are keys of the JSON output.

    ``heard`` is empty for missed words, ``said`` for words that were not spoken.
    """

    said: str
    heard: str
    count: int
    example: str


def normalise(text: str) -> str:
    """Reduce a text to letters and Chinese numerals, so that script and punctuation do not count.

    >>> normalise("到了80年代，看著１２台機器")
    '到了八十年代看着十二台机器'
    """
    text = _UNHEARD.sub("", unicodedata.normalize("NFKC", text))
    text = chinese_numbers(text).replace("〇", "零")
    # Punctuation is removed before conversion, because it can influence it. Conversion is done
    # twice, because 薴 becomes 苧 and only that becomes 苎.
    return to_simplified(to_simplified(unicodedata.normalize("NFKC", letters(text))))


def chinese_numbers(text: str) -> str:
    """Convert Arabic numerals to Chinese as read: 1962年 digit by digit, 30多户 as a number.

    Not the other way round, because Chinese numerals are parts of words such as 一家人.
    """
    text = _PERCENT.sub(r"百分之\1", _GROUPED.sub("", text))
    return _NUMBER.sub(_read_number, text)


def _read_number(found: re.Match[str]) -> str:
    import cn2an  # imported here, because it takes a third of a second

    figures = found[0]
    if found["pair"]:
        return "两"
    whole = figures.partition(".")[0]
    by_digit = found["year"] or len(whole) > _MAX_AMOUNT_DIGITS or re.match("0[0-9]", whole)
    read = str(cn2an.an2cn(figures, "direct" if by_digit else "low"))
    return re.sub("^二(?=[千万])", "两", read)


def count_errors(reference: str, hypothesis: str) -> Errors:
    """Count the edits between two texts after normalisation."""
    import jiwer

    reference = normalise(reference)
    found = jiwer.process_characters(reference, normalise(hypothesis))
    return Errors(len(reference), found.substitutions, found.deletions, found.insertions)


def error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Return the edits divided by the characters of all (reference, hypothesis) pairs."""
    return sum(
        (count_errors(reference, hypothesis) for reference, hypothesis in pairs), Errors()
    ).rate


def confusions(pairs: Iterable[Pair], limit: int = 20) -> tuple[Confusion, ...]:
    """Return the most frequent confusions; of equally frequent ones, the longer first."""
    counted = Counter[tuple[str, str]]()
    examples: dict[tuple[str, str], str] = {}
    for pair in pairs:
        for key in _confused(normalise(pair.reference), normalise(pair.hypothesis)):
            counted[key] += 1
            examples.setdefault(key, pair.recording_id)
    ordered = sorted(counted, key=lambda key: (-counted[key], -len("".join(key)), key))
    return tuple(Confusion(*key, counted[key], examples[key]) for key in ordered[:limit])


def _confused(reference: str, hypothesis: str) -> Iterator[tuple[str, str]]:
    """Yield runs of differing characters as (reference, hypothesis).

    Runs are not divided, because the alignment within a run is arbitrary if the lengths differ.
    """
    import jiwer

    equal = [
        (run.ref_start_idx, run.ref_end_idx, run.hyp_start_idx, run.hyp_end_idx)
        for run in jiwer.process_characters(reference, hypothesis).alignments[0]
        if run.type == "equal"
    ]
    at, hypothesis_at = 0, 0
    for start, end, hypothesis_start, hypothesis_end in [
        *equal,
        (len(reference), 0, len(hypothesis), 0),
    ]:
        expected, recognised = reference[at:start], hypothesis[hypothesis_at:hypothesis_start]
        if (expected or recognised) and max(len(expected), len(recognised)) <= _MAX_CONFUSION:
            yield expected, recognised
        at, hypothesis_at = end, hypothesis_end
