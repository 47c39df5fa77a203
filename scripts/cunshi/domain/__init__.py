"""The frozen types and the pure rules of an archive: who may hear what, and what is withheld.

It may import `core` only. Nothing in it reads or writes a file, and nothing knows how a page looks.
"""
