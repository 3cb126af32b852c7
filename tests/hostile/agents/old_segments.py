"""Set up segments of 16 bits, which only programs of the past need, and which have broken kernels.

attack: E06 find a hole in rarely used kernel code
guard: seccomp
ending: exited
"""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {"x86_64": 154}.get(os.uname().machine)
room = ctypes.create_string_buffer(4096)
answered = NUMBER is not None and libc.syscall(NUMBER, 0, room, len(room)) >= 0
print("PWNED" if answered else "held")
