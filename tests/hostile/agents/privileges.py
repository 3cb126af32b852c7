"""Look for a program that makes one root, and for leave to become it.

attack: E08 gain privileges through setuid files
guard: no-new-privileges
ending: exited
"""

with open("/proc/self/status") as status:
    told = dict(line.split(":\t", 1) for line in status if ":\t" in line)
print("PWNED" if told["NoNewPrivs"].strip() != "1" else "held")
