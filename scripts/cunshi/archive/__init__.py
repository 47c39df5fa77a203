"""What lies on disk: the project's folders, locks, records, transcripts, events, fixity, backup.

It may import `core`, `domain` and `media`. How speech is recognised, how a deposit comes in and
what a page shows do not belong here.
"""
