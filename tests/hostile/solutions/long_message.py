"""Raise an exception with ten megabytes to say.

attack: T06 fill junit with one message
guard: a message is cut to 4 KiB where it is made
reason: the solution raised an exception
"""


def reverse_string(s):
    raise ValueError("y" * (10 << 20))
