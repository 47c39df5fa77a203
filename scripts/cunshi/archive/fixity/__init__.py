"""Whether the masters are still the bytes that were taken in: hashes, manifests, scheduled checks.

It may import what `archive` may. Consent, names and lessons are checked in `catalogue.checks`.
"""
