"""Cunshi (村史): recordings of village elders become an archive and a ten-lesson course site."""

__version__ = "0.1.0"
