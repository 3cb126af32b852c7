"""Look for unix sockets of anybody else.

attack: E02 reach the machine's services through abstract sockets
guard: NetworkDisabled
ending: exited
"""

with open("/proc/net/unix") as table:
    others = table.read().splitlines()[1:]
print("PWNED" if others else "held")
