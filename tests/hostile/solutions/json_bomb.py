"""Return as many empty lists as fit into a reply.

attack: P10 multiply bytes into memory
guard: a reply is at most one mebibyte
"""


def reverse_string(s):
    return [[] for _ in range(60_000)]
