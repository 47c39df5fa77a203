"""Who may use the desk: sessions, passwords, the middleware before all routes.

It may import what `review` may. No other part of the desk decides who is let in.
"""
