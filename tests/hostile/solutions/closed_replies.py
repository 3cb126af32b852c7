"""Close the way back, and live on.

attack: H13 keep the host waiting
guard: a process without a way back is ended
"""

import os
import time


def reverse_string(s):
    os.closerange(3, 256)
    time.sleep(1000)
