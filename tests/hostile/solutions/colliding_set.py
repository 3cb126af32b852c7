"""Return numbers that all have one hash.

attack: P10 keep the host busy building a set
guard: elements of one hash are counted before they are put together
reason: too many elements of one hash
"""


def reverse_string(s):
    return {number * ((1 << 61) - 1) for number in range(1, 2000)}
