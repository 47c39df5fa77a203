"""Decoding, cutting, masking and encoding of audio, and preparation of photos.

May import `core` and `domain`. PyAV, pydub and Pillow's photo functions are used only here. The
folders of the archive are unknown here.
"""
