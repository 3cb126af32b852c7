"""Use what is left of root's powers.

attack: E08 make devices, change owners, bind low ports
guard: CapDrop
ending: exited
"""

import os
import stat


def can(action):
    try:
        action()
    except OSError:
        return False
    return True


with open("/proc/self/status") as status:
    told = dict(line.split(":\t", 1) for line in status if ":\t" in line)
powers = int(told["CapBnd"], 16) | int(told["CapEff"], 16)
device = can(lambda: os.mknod("/tmp/disk", stat.S_IFBLK | 0o600, os.makedev(8, 0)))
print("PWNED" if powers or device else "held")
