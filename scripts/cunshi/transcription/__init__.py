"""From speech to a draft transcript: voice activity, recognition, quality flags, glossary, drafts.

It may import `core`, `domain`, `media` and `archive`. It writes machine.json and drafts, never what
a person has edited; pages do not belong here.
"""
