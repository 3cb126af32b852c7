"""Open the memory of process 1 for writing.

attack: E09 make process 1 say what we want
guard: process 1 is private (not dumpable)
ending: exited
"""

import os

try:
    os.open("/proc/1/mem", os.O_RDWR)
except OSError:
    print("held")
else:
    print("PWNED")
