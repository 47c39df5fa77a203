"""The one definition of time in a recording, and how it differs from the container's own clock.

A time is the number of seconds of decoded sound before it, counted from the first decoded sample.
The time stamps of a container may begin later (the picture of a video was there first), have gaps
(a recorder was paused) or start again (joined files). Then positions cannot be found by them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

_TOLERANCE = 0.02  # seconds by which time stamps may differ from the decoded sound
_SAME_CLOCK = 0.1  # seconds: a player that is further off than this shows other words
# Formats whose packets always state how long they are, though the codec's frames are not equal.
_STATED = frozenset({"wav", "w64", "flac", "ogg"})


class Stamp(NamedTuple):
    """The time stamp of a packet and its length, in seconds; None or 0 if unknown."""

    time: float | None
    length: float


@dataclass(frozen=True)
class Timeline:
    """The container's clock: ``begin`` is its time at the first decoded sample, in seconds.

    ``is_even`` means that it then runs as the decoded sound does, so that positions can be sought.
    """

    begin: float
    is_even: bool

    @property
    def is_that_of_players(self) -> bool:
        """Whether a player that goes by the container's clock plays the same seconds."""
        return self.is_even and abs(self.begin) <= _SAME_CLOCK


def is_even(container: str, stamps: Iterable[Stamp], frame_length: float) -> bool:
    """Check whether packets follow each other without gaps, as their decoded sound does.

    ``frame_length`` is the length in seconds of a frame of the codec, 0 if frames are not equal.
    """
    known = list(stamps)
    if not known or any(stamp.time is None for stamp in known):
        return False
    if not frame_length and container not in _STATED:
        return False
    begin, passed = known[0].time or 0.0, 0.0
    for stamp, __ in pairwise(known):
        if abs((stamp.time or 0.0) - begin - passed) > _TOLERANCE:
            return False
        length = frame_length or stamp.length
        if frame_length and stamp.length and abs(stamp.length - frame_length) > _TOLERANCE:
            return False
        passed += length
    return abs((known[-1].time or 0.0) - begin - passed) <= _TOLERANCE
