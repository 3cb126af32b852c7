"""Be told of all that is opened in a file system.

attack: P15 listen to other sandboxes
guard: seccomp
ending: exited
"""

import ctypes
import json
import os

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {"x86_64": 300, "aarch64": 262}[os.uname().machine]
file = os.open(json.__file__, os.O_RDONLY)
answered = libc.syscall(NUMBER, 0x200, 0) >= 0 or ctypes.get_errno() not in (1, 38)
print("PWNED" if answered else "held")
