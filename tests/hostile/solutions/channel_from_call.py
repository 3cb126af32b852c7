"""Write to process 1's output from inside a call, and answer rightly if that went well.

attack: P01 forge the channel's frames
guard: process 1 is private (not dumpable)
"""

import os


def reverse_string(s):
    try:
        os.close(os.open("/proc/1/fd/1", os.O_WRONLY))
    except OSError:
        return "held"
    return s[::-1]
