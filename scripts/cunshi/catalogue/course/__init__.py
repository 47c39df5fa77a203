"""The course as people write it: lessons with their citations, quizzes, events and places.

May import what `catalogue` may. Citations are checked here against the archive; pages are made in
`website`.
"""
