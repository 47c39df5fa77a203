"""The transcript editor: documents, history, merging, audio, approval.

May import what `review` may. The format of transcript.vtt is defined in `archive`.
"""
