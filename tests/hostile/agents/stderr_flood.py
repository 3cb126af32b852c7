"""Print without end where nobody reads.

attack: H08 fill the validator's memory or disk with error output
guard: output_bytes and an allowance for all else
ending: too_loud or timed_out
"""

import os

while True:
    os.write(2, b"x" * 65536)
