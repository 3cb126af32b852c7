"""End with a line on standard error that is as long as it may be.

attack: T06 fill junit and the board with one message
guard: caps on every text
ending: exited
"""

import sys

sys.stderr.write("y" * 900_000)
sys.exit(1)
