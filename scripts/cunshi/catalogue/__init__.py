"""All that may be shown, gathered in one place, and every reason why something may not be.

It may import `intake` and the rooms below it. How a page or an export looks does not belong here;
the Jinja environment and the templates, which several rooms use, do.
"""
