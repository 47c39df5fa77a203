"""One module per kind of page, from the catalogue to Markdown.

May import what `website` may. Nothing here writes a file.
"""
