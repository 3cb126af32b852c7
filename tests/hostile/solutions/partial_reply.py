"""Begin a reply and never end it.

attack: P03 keep the host waiting for the rest
guard: call_timeout
reason: took longer than
"""

import os
import time


def reverse_string(s):
    for descriptor in range(3, 12):
        try:
            os.write(descriptor, b"\0\0\x10\0V{")
        except OSError:
            continue
    time.sleep(1000)
