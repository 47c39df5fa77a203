"""Every parser, with thousands of slightly damaged files: a result or a CunshiError, never a crash.

CUNSHI_CASES is the number of files for each parser. Inputs that once failed are kept in FOUND. The
same parsers can be fuzzed with coverage: tests/support/atheris_fuzz.py.
"""

import os
import random
from pathlib import Path

import pytest

from support.fuzzing import PARSERS, PIECES, survives

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("CUNSHI_CASES", "10000"))


FOUND: list[tuple[str, str | bytes]] = [
    ("srt", "1\n99999990:00:03,000 --> 00:00:04,000\n桥\n"),
    ("srt", "1\n00:00:01,000 --> 00:0:82,500\n河\n"),
    ("transcript", "WEBVTT\n\n99999990:00:03.000 --> 00:00:04.000\n桥\n"),
    ("ohms", "<ROOT><record><sync>a:|9999999(1)|</sync><transcript>x</transcript></record></ROOT>"),
]


def mutated(text: str, chance: random.Random) -> str:
    """Return a text with some parts removed, doubled, moved or replaced."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        end = min(end, at + chance.choice((0, 1, 3, 40)))
        piece = chance.choice((chance.choice(PIECES), text[at:end] * 2, "", text[-40:]))
        text = text[:at] + piece + text[end:]
    return text


@pytest.mark.parametrize("name", PARSERS)
def test_nearly_right_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    survives(name, PARSERS[name][0].encode(), tmp_path)
    chance = random.Random(name)
    for _ in range(CASES):
        text = mutated(PARSERS[name][0], chance)
        survives(name, text.encode("utf-8", "surrogatepass"), tmp_path)


@pytest.mark.parametrize(("name", "text"), FOUND)
def test_what_was_once_found_is_not_found_again(
    name: str, text: str | bytes, tmp_path: Path
) -> None:
    survives(name, text.encode() if isinstance(text, str) else text, tmp_path)
