"""Leave children dead and unreaped until there is room for no more.

attack: H02 use up process numbers with zombies
guard: PidsLimit
ending: exited or timed_out
"""

import os

zombies = 0
try:
    while zombies < 400:
        if os.fork() == 0:
            os._exit(0)
        zombies += 1
except OSError:
    print("held")
else:
    print("PWNED")
