"""Print an empty object.

attack: P18 be paid for nothing
guard: doing nothing scores 0
ending: exited
"""

print("{}")
