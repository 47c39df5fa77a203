"""One module for each kind of page: catalogue in, Markdown out.

It may import what `website` may. Nothing here writes a file.
"""
