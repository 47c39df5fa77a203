"""Recordings added in the browser, written to recordings/.

May import what `review` may. It only adds files; `intake` accessions them.
"""
