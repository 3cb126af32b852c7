"""Fill /tmp.

attack: H06 exhaust memory or disk through /tmp
guard: Tmpfs size
ending: exited
"""

import os

written = 0
try:
    for number in range(12):
        with open(f"/tmp/{number}", "wb", buffering=0) as file:
            for _ in range(10):
                written += file.write(bytes(1 << 20))
except OSError:
    for number in range(12):
        if os.path.exists(f"/tmp/{number}"):
            os.unlink(f"/tmp/{number}")
print("PWNED" if written > 80 << 20 else "held")
