"""Ask which pages of the image are in memory, where an earlier sandbox may have left them.

attack: P15 read a note in the state of shared pages
guard: seccomp
ending: exited
"""

import ctypes
import json
import mmap

libc = ctypes.CDLL(None, use_errno=True)
with open(json.__file__, "rb") as file, mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE) as pages:
    place = ctypes.c_char.from_buffer(pages)
    answered = libc.mincore(ctypes.byref(place), ctypes.c_size_t(len(pages)), (ctypes.c_ubyte * 64)()) == 0
    del place
print("PWNED" if answered else "held")
