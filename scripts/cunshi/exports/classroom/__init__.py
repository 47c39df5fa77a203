"""Teaching kits (plan, slides, handout, worksheet) and the pack for a USB stick.

May import what `exports` may. python-docx, python-pptx and WeasyPrint are used only here.
"""
