"""Return two megabytes.

attack: P10 fill the host's memory
guard: a reply is at most one mebibyte
reason: gave no plain value
"""


def reverse_string(s):
    return "x" * (2 << 20)
