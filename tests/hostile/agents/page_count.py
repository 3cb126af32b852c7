"""Have the kernel count the image's pages in memory, by its newest call for that.

attack: P15 read a note in the state of shared pages
guard: seccomp
ending: exited
"""

import ctypes
import json
import os

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {"x86_64": 451, "aarch64": 451}[os.uname().machine]
file = os.open(json.__file__, os.O_RDONLY)
answered = libc.syscall(
    NUMBER, file, (ctypes.c_ulong * 2)(0, 4096), (ctypes.c_ulong * 5)(), 0
) >= 0 or ctypes.get_errno() not in (1, 38)
print("PWNED" if answered else "held")
