"""Read what the kernel tells about the whole machine.

attack: E12 learn about the machine and its other guests
guard: MaskedPaths
ending: exited
"""

import os

PATHS = ("/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/kcore", "/proc/acpi/x", "/sys/firmware/x")


def tells(path):
    try:
        return bool(os.read(os.open(path, os.O_RDONLY), 64))
    except OSError:
        return False


print("PWNED" if any(tells(path) for path in PATHS) else "held")
