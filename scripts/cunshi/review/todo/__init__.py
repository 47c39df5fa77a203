"""The to-do list: the progress of each recording, and problems.

May import what `review` may. It changes no files.
"""
