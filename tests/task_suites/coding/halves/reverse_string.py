"""Strips what it is given, and knows ASCII only."""


def reverse_string(s):
    return s.strip().encode("ascii", "ignore").decode()[::-1]
