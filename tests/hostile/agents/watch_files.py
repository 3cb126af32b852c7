"""Be told when a neighbour opens a file of the image.

attack: P15 listen to other sandboxes
guard: seccomp
ending: exited
"""

import ctypes
import json

libc = ctypes.CDLL(None, use_errno=True)
watcher = libc.inotify_init1(0)
heard = watcher >= 0 and libc.inotify_add_watch(watcher, json.__file__.encode(), 0x20) >= 0
print("PWNED" if heard else "held")
