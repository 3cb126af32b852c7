"""Become another program that keeps the descriptors.

attack: P12 leave the runner behind
guard: nothing in a sandbox is trusted
"""

import os
import sys


def reverse_string(s):
    for descriptor in range(3, 12):
        try:
            os.set_inheritable(descriptor, True)
        except OSError:
            continue
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)"])
