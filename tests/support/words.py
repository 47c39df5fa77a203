"""Count words in a text."""

import re
from collections import Counter


def occurrences(text: str, terms: list[str]) -> Counter[str]:
    """How often each term stands in a text; of two at one place the longer."""
    longest_first = sorted(terms, key=len, reverse=True)
    return Counter(re.findall("|".join(map(re.escape, longest_first)), text))
