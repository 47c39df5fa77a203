"""The static site: Markdown pages, search, MkDocs, preview.

It may import `exports` and the rooms below it. It shows what the catalogue holds and decides
nothing about access; where the site is published is the concern of `publishing`.
"""
