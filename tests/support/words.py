"""Count words in a text."""

import re
from collections import Counter


def occurrences(text: str, terms: list[str]) -> Counter[str]:
    """Return how often each term occurs in a text; longer terms take precedence."""
    longest_first = sorted(terms, key=len, reverse=True)
    return Counter(re.findall("|".join(map(re.escape, longest_first)), text))
