"""The course as people write it: lessons with their citations, quizzes, events and places.

It may import what `catalogue` may. A citation is checked here against the archive; its page is made
in `website`.
"""
