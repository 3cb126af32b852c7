"""Write wherever a root file system has room.

attack: H05 fill the machine's disk, or leave something for the next container
guard: ReadonlyRootfs
ending: exited
"""

import os

PLACES = (
    "/",
    "/etc",
    "/usr/bin",
    "/var/tmp",
    "/var",
    "/run",
    "/home",
    "/opt",
    "/root",
    "/etc/hosts",
    "/etc/resolv.conf",
)


def writes(place):
    path = os.path.join(place, "planted") if os.path.isdir(place) else place
    try:
        os.write(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), b"x")
    except OSError:
        return False
    return True


print("PWNED" if any([writes(place) for place in PLACES]) else "held")
