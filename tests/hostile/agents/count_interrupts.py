"""Read how often each device has interrupted a processor.

attack: E12 count what the whole machine does
guard: MaskedPaths
ending: exited
"""

import os

PATHS = ("/proc/irq",)


def told(path):
    try:
        return bool(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(64))
    except OSError:
        return False


found = [path for path in PATHS if told(path)]
print("PWNED" if found else "held", *found)
