"""Sampling of audio for voice activity detection and recognition."""

RATE = 16_000  # samples per second, for every engine


VAD_WINDOW = 512  # samples per decision of the voice activity detector
