"""Return what some comparisons take for the right thing.

attack: P11 bytes for text, a tuple for a list, True for 1
guard: values are type-exact
"""


def reverse_string(s):
    return s[::-1].encode()
