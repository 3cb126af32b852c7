"""Read without waiting: what comes at once was in memory.

attack: P15 read a note in the state of shared pages
guard: seccomp
ending: exited
"""

import json
import os

file = os.open(json.__file__, os.O_RDONLY)
try:
    os.preadv(file, [bytearray(4096)], 0, os.RWF_NOWAIT)
    print("PWNED")
except OSError:
    print("held")
