"""Stop, so that one neither ends nor runs.

attack: H14 make the host wait
guard: the host's deadline
ending: timed_out
"""

import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
