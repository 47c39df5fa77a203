"""From audio to a draft transcript: voice activity, recognition, quality flags, glossary, drafts.

May import `core`, `domain`, `media` and `archive`. It writes machine.json and drafts, and never
changes what a person has edited. Pages do not belong here.
"""
