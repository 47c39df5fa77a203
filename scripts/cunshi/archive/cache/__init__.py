"""What was worked out earlier and need not be worked out again. Losing it only costs time.

It may import what `archive` may. Every entry carries a stamp of its inputs; nothing that a person
has said is read from here without comparing that stamp.
"""
