"""Everything that comes in from outside: deposits, transcripts of other systems, other archives.

It may import `transcription` and the rooms below it. What is brought in is checked here before the
archive holds it; what may be shown of it is decided elsewhere.
"""
