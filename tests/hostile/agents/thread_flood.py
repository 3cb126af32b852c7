"""Start threads until none can be started.

attack: H16 exhaust the machine's processes with threads
guard: PidsLimit
ending: exited
"""

import threading
import time

started = 0
try:
    while started < 400:
        threading.Thread(target=time.sleep, args=(2,), daemon=True).start()
        started += 1
except RuntimeError:
    pass
print("PWNED" if started > 100 else "held", flush=True)
