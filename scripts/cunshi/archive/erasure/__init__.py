"""Deletion on demand: the one exception to the rule that nothing is deleted.

`tombstones` registers what was erased without saying what it was, `accession_files` removes it from
archive/, `build_files` what was made from it in build/, `register` its id from the register of
publications, and `backup_files` all this from a backup; `traces` finds where people have written
about it. Each step may be done again: a run that was killed is completed by the next.

Deposits are removed in `intake`, publications in `publishing`; `workflow.erasure` calls them in
order. May import what `archive` may.
"""
