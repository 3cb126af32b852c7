"""Crash with as large a core as can be had.

attack: H16 have a core dump written to the machine's disk
guard: Ulimits core
ending: crashed
"""

import os
import resource

hoard = bytearray(b"x" * (30 << 20))
try:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print("PWNED", flush=True)
except (OSError, ValueError):
    print("held", flush=True)
os.abort()
