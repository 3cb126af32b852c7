"""Ask which security modules the host runs and what they say of this process, to choose an exploit by it.

attack: E06 know the host
guard: seccomp
ending: exited
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
size, found = ctypes.c_uint32(256), (ctypes.c_uint64 * 32)()
count = libc.syscall(461, found, ctypes.byref(size), 0)
print("PWNED" if count > 0 else "held", *(found[: max(count, 0)]))
