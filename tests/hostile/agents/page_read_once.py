"""Read and have what was read dropped behind it.

attack: P15 leave a note in the state of shared pages
guard: seccomp
ending: exited
"""

import ctypes
import json
import os

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {"x86_64": 327, "aarch64": 286}[os.uname().machine]
file = os.open(json.__file__, os.O_RDONLY)
vector = (ctypes.c_ulong * 2)(ctypes.addressof(ctypes.create_string_buffer(4096)), 4096)
answered = libc.syscall(NUMBER, file, vector, 1, 0, 0, 0x80) >= 0 or ctypes.get_errno() not in (1, 38)
print("PWNED" if answered else "held")
