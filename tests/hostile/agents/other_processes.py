"""Look for processes of the machine or of other sandboxes.

attack: E12 watch and signal others
guard: PidMode
ending: exited
"""

import os

print("PWNED" if sum(name.isdigit() for name in os.listdir("/proc")) > 2 or os.getppid() != 1 else "held")
