"""Ask where in the machine pages of the image lie, which all sandboxes share, and for policies of where they go.

attack: P15 leave a note in the place of shared pages
guard: seccomp
ending: exited
"""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
CALLS = {
    "x86_64": dict(get_mempolicy=239, set_mempolicy=238, mbind=237, migrate_pages=256, move_pages=279),
    "aarch64": dict(get_mempolicy=236, set_mempolicy=237, mbind=235, migrate_pages=238, move_pages=239),
}[os.uname().machine]
mode = ctypes.c_int()
page = ctypes.cast(libc.printf, ctypes.c_void_p).value & ~4095
pages, nodes = (ctypes.c_void_p * 1)(page), (ctypes.c_int * 1)()
answered = {
    "get_mempolicy": libc.syscall(CALLS["get_mempolicy"], ctypes.byref(mode), None, 0, None, 0) == 0,
    "set_mempolicy": libc.syscall(CALLS["set_mempolicy"], 0, None, 0) == 0,
    "move_pages": libc.syscall(CALLS["move_pages"], 0, 1, pages, None, nodes, 0) == 0,
}
print("PWNED" if any(answered.values()) else "held", *(name for name, is_so in answered.items() if is_so))
