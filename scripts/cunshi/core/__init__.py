"""Tools without any knowledge of recordings: errors, atomic files, YAML with line numbers, time.

It imports no other room. Whatever mentions a recording, a consent or a lesson belongs elsewhere.
"""
