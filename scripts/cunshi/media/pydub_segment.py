"""pydub's ``AudioSegment``, without the warning that it prints when imported."""

import warnings

with warnings.catch_warnings():
    # pydub asks for an ffmpeg binary when imported; PyAV does all decoding and encoding here.
    warnings.simplefilter("ignore", RuntimeWarning)
    from pydub import AudioSegment

__all__ = ["AudioSegment"]
