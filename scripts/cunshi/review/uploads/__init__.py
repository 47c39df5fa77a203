"""Recordings that people add in the browser, written into recordings/.

It may import what `review` may. It only ever adds files; taking them in is the work of `intake`.
"""
