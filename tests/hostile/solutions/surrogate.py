"""Return a text that cannot be written anywhere.

attack: P08 break whoever prints the value
guard: printable()
"""


def reverse_string(s):
    return "\ud800" * len(s)
