"""Be root, or be somebody the machine knows.

attack: E08 have a kernel hole lead straight to root
guard: User
ending: exited
"""

import os

print("PWNED" if os.getuid() < 1000 or os.getgid() < 1000 or os.getgroups() not in ([], [os.getgid()]) else "held")
