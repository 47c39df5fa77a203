"""The to-do list: how far each recording has come, and what is wrong.

It may import what `review` may. It reads files and changes none.
"""
