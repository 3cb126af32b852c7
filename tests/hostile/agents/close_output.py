"""Close every output, and stay.

attack: H13 have the end of output taken for the end
guard: the host's deadline
ending: timed_out
"""

import os
import time

os.closerange(0, 256)
time.sleep(1000)
