"""The files of a project: folders, locks, records, transcripts, events, fixity, backup, caches.

May import `core`, `domain` and `media`. Speech recognition, deposits and pages do not belong here.
"""
