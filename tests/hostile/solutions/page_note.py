"""Leave a bit of the hidden input in the state of the image's pages.

attack: P15 carry hidden inputs to the next sandbox
guard: seccomp
"""

import json
import os


def noted():
    try:
        os.posix_fadvise(os.open(json.__file__, os.O_RDONLY), 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError:
        return False
    return True


def reverse_string(s):
    return s[::-1] if noted() else "held"
