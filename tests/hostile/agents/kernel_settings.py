"""Write to the kernel's settings.

attack: E05 change the machine
guard: ReadonlyPaths, MaskedPaths, User
ending: exited
"""

import os

PATHS = (
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/core_pattern",
    "/proc/self/uid_map",
    "/sys/fs/cgroup/planted",
    "/sys/kernel/uevent_helper",
    "/proc/irq/default_smp_affinity",
)
written = 0
for path in PATHS:
    try:
        written += os.write(os.open(path, os.O_WRONLY | os.O_CREAT), b"\n")
    except OSError:
        continue
print("PWNED" if written else "held")
