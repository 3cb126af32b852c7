"""Take a lease of a file, which a neighbour breaks by opening it, or be told of changes in a folder.

attack: P15 listen to other sandboxes
guard: seccomp
ending: exited
"""

import fcntl
import json
import os


def allowed(file, command, argument):
    try:
        fcntl.fcntl(file, command, argument)
    except OSError as error:
        return error.errno == 13  # asked the file's owner, and so the kernel
    return True


file, folder = os.open(json.__file__, os.O_RDONLY), os.open("/usr", os.O_RDONLY)
ways = [allowed(file, 1024, fcntl.F_RDLCK), allowed(file, 1025, 0), allowed(folder, 1026, 1)]
print("PWNED" if any(ways) else "held", *ways)
