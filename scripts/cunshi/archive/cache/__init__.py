"""Caches of derived data, which can be deleted at any time.

`inputs` lists what a recording's published form depends on; `stage_stamps` remembers what each
stage has done, `recording_cache` what was derived from the words of each recording, and
`file_cache` values by size and time of files. Every entry has a stamp of its inputs, and nothing
that people wrote is read from a cache without comparing it.

File names in build/cache (`settled-*.json`, `told/`) must not change, because withdrawn words would
remain in the old files. May import what `archive` may.
"""
