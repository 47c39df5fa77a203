"""General helpers that know nothing of recordings: errors, atomic files, YAML with lines, time.

Imports no other room. Code that mentions a recording, a consent or a lesson belongs elsewhere.
"""
