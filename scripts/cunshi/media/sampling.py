"""How sound is sampled for voice activity detection and recognition."""

RATE = 16_000  # samples per second that an engine listens to


GRID = 512  # samples that the voice detector weighs at once
