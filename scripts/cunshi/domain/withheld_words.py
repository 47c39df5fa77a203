"""Find the words of withheld lines in other texts, for example in a lesson that quotes them.

Texts are compared in the normal form that the caller chooses, so that script, punctuation and
spaces do not count.
"""

from collections.abc import Callable, Iterable

_WINDOW = 8  # characters in a row that two texts hardly share by chance
_SHORTEST = 4  # shorter lines ("对的") are said everywhere


class WithheldWords:
    """The words of withheld lines.

    A line is found by any ``_WINDOW`` of its characters in a row, a shorter one as a whole; lines
    of fewer than ``_SHORTEST`` characters are not looked for. Words that are also in one of the
    ``published`` lines are no secret.
    """

    def __init__(
        self,
        withheld: Iterable[str],
        published: Iterable[str],
        normalise: Callable[[str], str],
    ):
        self._normalise = normalise
        self._windows = {part for line in withheld for part in _parts(normalise(line))}
        if self._windows:
            known = "\n".join(map(normalise, published))
            self._windows = {part for part in self._windows if part not in known}
        self._lengths = sorted({len(part) for part in self._windows})

    def __bool__(self) -> bool:
        return bool(self._windows)

    def found_in(self, text: str) -> str:
        """Return the first withheld words in a text, in normal form; empty if there are none."""
        if not self._windows:
            return ""
        text = self._normalise(text)
        starts = range(len(text))
        candidates = (text[at : at + size] for at in starts for size in self._lengths)
        return next((part for part in candidates if part in self._windows), "")


def _parts(line: str) -> list[str]:
    if len(line) < _SHORTEST:
        return []
    if len(line) <= _WINDOW:
        return [line]
    return [line[at : at + _WINDOW] for at in range(len(line) - _WINDOW + 1)]
