"""Print without end.

attack: H08 fill the validator's memory or disk with output
guard: output_bytes
ending: too_loud or timed_out
"""

import os

while True:
    os.write(1, b"x" * 65536)
