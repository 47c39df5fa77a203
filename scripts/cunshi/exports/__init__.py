"""What leaves the project beside the site: forms that archives read, and files for classrooms.

It may import `catalogue` and the rooms below it. What may be shown has been decided before: an
exporter is given a catalogue and adds nothing to it.
"""
