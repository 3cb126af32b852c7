"""Print characters that no XML may hold.

attack: T02 make junit unreadable, for everybody
guard: printable()
ending: exited
"""

import sys

TEXT = "\0\x01\x0b\x1f\ufffe\uffff\U0001ffff]]><testcase name='x'/>&amp;\x85\u2028"
sys.stdout.write(TEXT)
sys.stderr.write(TEXT)
sys.exit(1)
