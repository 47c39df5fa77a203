"""The static site: Markdown pages, search, MkDocs, preview.

May import `exports` and the rooms below it. It shows what is in the catalogue and decides nothing
about access; `publishing` knows where the site goes.
"""
