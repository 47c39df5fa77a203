"""Everything that comes from outside: deposits, transcripts of other systems, other archives.

May import `transcription` and the rooms below it. Incoming files are checked here before they are
added to the archive; access is decided elsewhere.
"""
