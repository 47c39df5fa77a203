"""The transcript editor: documents, history, merging of two people's work, sound, approval.

It may import what `review` may. The format of transcript.vtt is defined in `archive`.
"""
