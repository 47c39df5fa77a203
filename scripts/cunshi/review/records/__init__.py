"""The record, consent, scans of signed forms, and forms to print.

May import what `review` may. How consent restricts access is a rule of `domain`.
"""
