"""Say on process 1's own output that the agent was killed, and live on.

The host would wait for an end that never comes, and take the engine for dead.

attack: P01 forge the channel's frames
guard: process 1 is private (not dumpable)
ending: exited
"""

import os

try:
    channel = os.open("/proc/1/fd/1", os.O_WRONLY)
except OSError:
    print("held")
else:
    print("PWNED")
