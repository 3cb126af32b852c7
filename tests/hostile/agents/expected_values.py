"""Search everything that can be read for an expected value.

attack: P13 read the answers
guard: expected values never enter a sandbox
ending: exited
"""

import os

WANTED = "yranac-detcepxe"[::-1].encode()


def holds(path):
    try:
        if os.path.islink(path) or not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            return WANTED in file.read(1 << 20)
    except OSError:
        return False


found = any(
    holds(f"/proc/{number}/{name}") for number in (1, os.getpid()) for name in ("environ", "cmdline", "mounts")
)
for top in ("/workspace", "/tmp", "/etc", "/run", "/var", "/home", "/root", "/opt", "/srv", "/mnt", "/dev/shm"):
    for folder, _, names in os.walk(top):
        found = found or any(holds(os.path.join(folder, name)) for name in names)
print("PWNED" if found else "held")
