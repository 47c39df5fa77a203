"""Where the finished site goes (folder, git branch, server), and the register of publications.

It may import `website` and the rooms below it. It copies what was built and never changes it.
"""
