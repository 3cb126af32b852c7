"""Fill its pipes and end in the last moment, with children that go on writing.

attack: R02 make its own run void
guard: the engine's own time of the end
ending: exited or timed_out or too_loud
"""

import os
import time

if os.fork() == 0:
    while True:
        os.write(2, b"z" * 4096)
time.sleep(4.4)
os._exit(0)
