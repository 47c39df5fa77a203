"""Long tasks started at the desk: one job at a time, and files made in the background.

May import what `review` may. Jobs are functions of `workflow`.
"""
