"""Read the counters of disks, processors and buses by the devices' own paths, not by their classes.

attack: E12 count what the whole machine does
guard: MaskedPaths
ending: exited
"""

import os

PATHS = ("/sys/devices", "/sys/module", "/proc/bus")


def told(path):
    try:
        return bool(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(64))
    except OSError:
        return False


found = [path for path in PATHS if told(path)]
print("PWNED" if found else "held", *found)
