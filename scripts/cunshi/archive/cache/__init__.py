"""What was worked out earlier and need not be worked out again. Losing it only costs time.

`inputs` lists what a recording's published form depends on; `stage_stamps` keeps what each stage
has done, `recording_cache` what was worked out from the words of each recording, and `file_cache`
values of files by their size and time. Every entry has a stamp of its inputs: nothing that a person
has said is read from here without comparing it.

The names in build/cache (`settled-*.json`, `told/`) stay as they are: under new ones, words that
have been withdrawn would be left in the old files. The package may import what `archive` may.
"""
