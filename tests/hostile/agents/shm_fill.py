"""Fill /dev/shm, and try every other folder of /dev.

attack: H07 exhaust memory through shared memory
guard: ShmSize
ending: exited
"""

import os

written = 0
for folder in ("/dev", "/dev/shm"):
    try:
        file = os.open(f"{folder}/planted", os.O_WRONLY | os.O_CREAT)
        while written < 40 << 20:
            written += os.write(file, bytes(1 << 20))
    except OSError:
        continue
    finally:
        if os.path.exists(f"{folder}/planted"):
            os.unlink(f"{folder}/planted")
print("PWNED" if written > 32 << 20 else "held")
