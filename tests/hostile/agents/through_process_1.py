"""Walk into the file system and the descriptors of process 1.

attack: E09 look over process 1's shoulder
guard: process 1 is private (not dumpable)
ending: exited
"""

import os


def sees(path):
    try:
        os.listdir(path)
    except OSError:
        return False
    return True


print("PWNED" if any(sees(f"/proc/1/{name}") for name in ("fd", "root", "cwd", "map_files")) else "held")
