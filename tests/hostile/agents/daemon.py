"""Leave a process behind that has a session of its own and holds the output open.

attack: H12 outlive one's own end, or make the host wait for it
guard: the end of process 1 ends all others
ending: exited
"""

import os
import time

print("held", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)
