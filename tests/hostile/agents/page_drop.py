"""Drop pages of the image, for the next sandbox to find them missing.

attack: P15 leave a note in the state of shared pages
guard: seccomp
ending: exited
"""

import json
import os

file = os.open(json.__file__, os.O_RDONLY)
try:
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    print("PWNED")
except OSError:
    print("held")
