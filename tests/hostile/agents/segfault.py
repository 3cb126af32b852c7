"""Read where there is nothing.

attack: H17 take the interpreter down
guard: the agent is a process of its own
ending: crashed
"""

import ctypes

ctypes.string_at(0)
