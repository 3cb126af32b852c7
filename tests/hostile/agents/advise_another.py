"""Advise the kernel about another process's pages: to be dropped, swapped out or fetched.

attack: P15 slow process 1 down, or leave a note in shared pages
guard: seccomp
ending: exited
"""

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
COLD = 20
page = ctypes.cast(libc.printf, ctypes.c_void_p).value & ~4095
parts = ctypes.create_string_buffer(struct.pack("QQ", page, 4096))
own = os.pidfd_open(os.getpid())
advised = libc.syscall(440, own, parts, 1, COLD, 0)
print("PWNED" if advised >= 0 else "held", os.strerror(ctypes.get_errno()))
