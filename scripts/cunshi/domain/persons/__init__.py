"""Persons: how their names are found in texts, what is published instead, and what holds for all
their recordings.
"""
