"""Decoding, cutting, silencing and encoding of sound, and the preparation of photos.

It may import `core` and `domain`. PyAV, pydub and the photo work of Pillow are used only here; the
folders of the archive are not known here.
"""
