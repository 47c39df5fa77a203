"""Long work started at the desk: one job at a time, and files made in the background.

It may import what `review` may. What a job does is a function of `workflow`.
"""
