"""Run on behind its time while the host still reads what it wrote.

attack: H10 live longer than it may
guard: a deadline of the host's
ending: timed_out or too_loud
"""

import os
import time

started = time.monotonic()
while time.monotonic() < started + 9:
    os.write(2, b"x" * 512)
print("PWNED")
