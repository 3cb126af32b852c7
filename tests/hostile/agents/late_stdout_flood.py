"""The same on both streams, in turns.

attack: R02 make its own run void
guard: small writes are gathered, frames are counted
ending: exited or timed_out or too_loud
"""

import os
import time

end, turn = time.monotonic() + 4.4, 0
while time.monotonic() < end:
    turn += 1
    os.write(1 + turn % 2, b"#")
