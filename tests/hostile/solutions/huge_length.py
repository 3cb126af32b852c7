"""Announce a reply of four gigabytes.

attack: P03 have the host allocate what is announced
guard: a length is checked before anything is held
reason: the sandbox sent a frame of kind
"""

import os


def reverse_string(s):
    for descriptor in range(3, 12):
        try:
            os.write(descriptor, b"\xff\xff\xff\xffV" + b"x" * 1000)
        except OSError:
            continue
    return s
