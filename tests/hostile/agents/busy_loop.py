"""Compute without end.

attack: H10 never end
guard: the host's deadline
ending: timed_out
"""

while True:
    pass
