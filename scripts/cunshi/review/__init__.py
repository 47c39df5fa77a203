"""The review desk: a local web application in which people correct and decide.

May import every room except `cli`. It contains forms, requests and responses; its rules are in
`domain`, and the files that it writes belong to `archive`.
"""
