"""Kill every process that can be reached.

attack: R04 look like a sandbox that was killed from outside
guard: process 1 cannot be killed from inside
ending: crashed
"""

import contextlib
import os
import time

with contextlib.suppress(OSError):
    os.kill(-1, 9)
os.kill(os.getpid(), 9)
time.sleep(1000)
