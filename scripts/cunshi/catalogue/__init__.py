"""The published part of the archive: what may be shown, and the reasons why something may not.

May import `intake` and the rooms below it. The look of pages and exports does not belong here, but
the Jinja environment and the templates, which several rooms share, do.
"""
