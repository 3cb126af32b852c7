"""Be the last that the kernel kills when the machine runs out of memory.

attack: H03 have the validator killed instead
guard: OomScoreAdj
ending: exited
"""

import os

try:
    os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-500")
except OSError:
    pass
with open("/proc/self/oom_score_adj") as file:
    print("PWNED" if int(file.read()) < 500 else "held")
