"""Wait without end.

attack: H10 never end
guard: the host's deadline
ending: timed_out
"""

import time

time.sleep(1e9)
