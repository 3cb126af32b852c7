"""Raise what cannot be shown.

attack: P16 break whoever tells of the exception
guard: the text is made in the sandbox, and capped
reason: the solution raised an exception
"""


class OddError(Exception):
    def __str__(self):
        raise SystemExit

    __repr__ = __str__


OddError.__name__ = "\x1b[2JSandboxError" * 50


def reverse_string(s):
    raise OddError
