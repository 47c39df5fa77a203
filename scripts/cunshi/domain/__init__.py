"""Immutable types and pure rules: recordings, transcripts, consent, access, withholding.

May import only `core`. Nothing here reads or writes files or knows about pages.
"""
