"""Kill every process in the sandbox.

attack: R04 have the sandbox end as if the engine had ended it
guard: process 1 cannot be killed from inside
reason: 's process ended
"""

import contextlib
import os


def reverse_string(s):
    with contextlib.suppress(OSError):
        os.kill(-1, 9)
    os.kill(os.getpid(), 9)
