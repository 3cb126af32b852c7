"""Send process 1 every signal there is.

attack: R04 have the sandbox end as if the engine had ended it
guard: process 1 ignores every signal that could end it
ending: exited
"""

import os
import time

for number in range(1, 65):
    try:
        os.kill(1, number)
    except OSError:
        continue
time.sleep(0.2)
print("held")
