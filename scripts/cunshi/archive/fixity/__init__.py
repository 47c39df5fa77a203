"""Fixity of masters: hashes, manifests, scheduled checks.

May import what `archive` may. Consent, names and lessons are checked in `catalogue.checks`.
"""
