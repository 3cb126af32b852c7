"""Bring pages of the image into memory by the side.

attack: P15 leave a note in the state of shared pages
guard: seccomp
ending: exited
"""

import ctypes
import json
import os

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {"x86_64": 187, "aarch64": 213}[os.uname().machine]
file = os.open(json.__file__, os.O_RDONLY)
answered = libc.syscall(NUMBER, file, 0, 4096) >= 0 or ctypes.get_errno() not in (1, 38)
print("PWNED" if answered else "held")
