"""Have many processes write small pieces for ever, so that the host is busy taking them.

attack: R02 make its own run void
guard: small writes are gathered, frames are counted
ending: timed_out or too_loud
"""

import os

for _ in range(20):
    if os.fork() == 0:
        while True:
            os.write(2, b"y")
while True:
    os.write(2, b"z")
