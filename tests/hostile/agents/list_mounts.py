"""List mounts by the numbers that the kernel never uses twice: they count every mount that the machine ever made.

attack: P15 count the machine's sandboxes
guard: seccomp
ending: exited
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
ROOT = 0xFFFFFFFFFFFFFFFF
request = ctypes.create_string_buffer(struct.pack("IIQQ", 24, 0, ROOT, 0))
found = (ctypes.c_uint64 * 64)()
count = libc.syscall(458, request, found, 64, 0)
print("PWNED" if count > 0 else "held", *(found[:1] if count > 0 else ()))
