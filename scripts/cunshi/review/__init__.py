"""The review desk: a web application on this computer in which people correct and decide.

It may import every other room except `cli`. It holds forms, requests and answers; the rules that
it applies are those of `domain`, and the files that it writes are those of `archive`.
"""
