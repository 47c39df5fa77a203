"""Sounds without speech."""

import numpy as np

from cunshi.transcription.vad import RATE
from support.real_speech import Samples


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def room(seconds: float) -> Samples:
    """Return pink noise at -46 dBFS with mains hum."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(3).standard_normal(count))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), count)
    hum = 0.005 * np.sin(2 * np.pi * 50 * np.arange(count) / RATE)
    return (0.02 * pink / np.abs(pink).max() + hum).astype(np.float32)


def music(seconds: float) -> Samples:
    """Return a plucked melody with four harmonics per note."""
    tune = [261.6, 293.7, 329.6, 392.0, 440.0, 392.0, 329.6, 293.7]
    time = np.arange(RATE // 2) / RATE
    envelope = np.exp(-3 * time) * np.minimum(1, time * 50)
    notes = []
    for number in range(round(seconds * 2)):
        pitch = tune[number % 8] * (1 if number // 8 % 2 else 2)
        harmonics = (np.sin(2 * np.pi * pitch * h * time) / h for h in (1, 2, 3, 4))
        notes.append(0.15 * envelope * sum(harmonics))
    return np.concatenate(notes).astype(np.float32)


def unique_second(seed: int) -> Samples:
    """Return a second of noise that is like no other's, and loud enough in any codec."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, RATE))
    spectrum[3000:] = 0  # what codecs for speech keep
    noise = np.fft.irfft(spectrum, RATE)
    return (0.2 * noise / np.abs(noise).max()).astype(np.float32)
