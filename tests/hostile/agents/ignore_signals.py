"""Ignore every signal that can be ignored, and stay.

attack: H11 outlive a polite request to end
guard: removal by force
ending: timed_out
"""

import signal
import time

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue
while True:
    time.sleep(1000)
