"""Access to the desk: sessions, passwords, and the middleware for all routes.

May import what `review` may. No other part of the desk decides who gets access.
"""
