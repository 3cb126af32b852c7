"""Make namespaces of one's own, in which one is root.

attack: E06 reach kernel code that is meant for root
guard: seccomp (unshare, clone flags)
ending: exited
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
NEWUSER, NEWNET = 0x10000000, 0x40000000
opened = libc.unshare(NEWUSER) == 0 or libc.unshare(NEWUSER | NEWNET) == 0
print("PWNED" if opened else "held")
