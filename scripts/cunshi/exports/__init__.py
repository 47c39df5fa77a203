"""Exports besides the site: archival formats, and files for classrooms.

May import `catalogue` and the rooms below it. Access was decided before: an exporter receives a
catalogue and adds nothing to it.
"""
