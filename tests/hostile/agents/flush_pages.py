"""Write all dirty pages of the file system out, which takes as long as neighbours have written much.

attack: P15 measure what others write
guard: seccomp
ending: exited
"""

import ctypes
import json
import os

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {"x86_64": 306, "aarch64": 267}[os.uname().machine]
file = os.open(json.__file__, os.O_RDONLY)
answered = libc.syscall(NUMBER, file) >= 0 or ctypes.get_errno() not in (1, 38)
print("PWNED" if answered else "held")
