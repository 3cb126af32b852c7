"""Print the prompt back.

attack: P18 be paid for nothing
guard: doing nothing scores 0
ending: exited
"""

import sys

print(sys.argv[-1])
