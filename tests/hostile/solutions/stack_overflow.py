"""Recurse until the stack has no more room.

attack: H17 take the interpreter down
guard: a check's process is its own
"""

import sys

sys.setrecursionlimit(1 << 30)


class Deep:
    def __getattr__(self, name):
        return getattr(Deep(), name + "x")


def reverse_string(s):
    return repr(Deep().a)
