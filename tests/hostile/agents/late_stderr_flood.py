"""Write stderr byte by byte until just before its time is up, so that the news of its end comes late.

attack: R02 make its own run void
guard: what a late guest sent is read before it is judged
ending: exited or timed_out or too_loud
"""

import os
import time

end = time.monotonic() + 4.4
while time.monotonic() < end:
    os.write(2, b"x")
