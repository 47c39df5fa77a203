"""The people who may sign in to the desk of a network: their names, passwords and rights.

`people` knows them by their names, `passwords` hashes, `accounts_file` reads and writes
archive/accounts.json. May import what `archive` may.
"""
