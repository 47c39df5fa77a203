"""Synthetic recordings."""

from pathlib import Path

from pydub.generators import Sine


def tone(path: Path, hertz: int) -> None:
    """Write a tone, different for each frequency: a valid recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = Sine(hertz).to_audio_segment(2500).set_frame_rate(8000)
    with path.open("wb") as stream:
        sound.export(stream, "wav")
