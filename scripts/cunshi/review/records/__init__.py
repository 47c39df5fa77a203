"""The catalogue record, the consent, scans of signed forms, and forms to print.

It may import what `review` may. How consent limits access is a rule of `domain`.
"""
