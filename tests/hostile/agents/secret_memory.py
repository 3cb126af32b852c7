"""Ask for memory that the kernel itself cannot look into, and that keeps the machine from hibernating.

attack: E06 hold memory that no tool of the host can see
guard: seccomp
ending: exited
"""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
answered = libc.syscall(447, 0) >= 0 or ctypes.get_errno() not in (1, 38)
print("PWNED" if answered else "held", os.strerror(ctypes.get_errno()))
