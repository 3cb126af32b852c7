"""Open one file again and again.

attack: H16 exhaust the machine's file descriptors
guard: Ulimits nofile
ending: exited
"""

import os

opened = 0
try:
    while opened < 2000:
        os.open("/dev/null", os.O_RDONLY)
        opened += 1
except OSError:
    pass
print("PWNED" if opened > 1000 else "held")
