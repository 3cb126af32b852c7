"""Do nothing.

attack: P18 be paid for nothing
guard: doing nothing scores 0
ending: exited
"""
