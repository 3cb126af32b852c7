"""Print one byte at a time, so that there is always something to read.

attack: H09 keep the host's reader from looking at its clock
guard: the host's deadline
ending: timed_out
"""

import os
import time

while True:
    os.write(1, b".")
    time.sleep(0.001)
