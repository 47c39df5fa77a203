"""A lesson's teaching kit (plan, slides, handout, worksheet) and the pack for a USB stick.

It may import what `exports` may. The outside libraries python-docx, python-pptx and WeasyPrint are
used only here.
"""
