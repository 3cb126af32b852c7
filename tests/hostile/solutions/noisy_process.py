"""Write on every stream that process 1 has left open, for as long as a call may take.

attack: R02 make its own check void
guard: only the end of what is complained of is kept
"""

import os
import time


def reverse_string(s):
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        os.write(2, b"x")
    return "noise"
