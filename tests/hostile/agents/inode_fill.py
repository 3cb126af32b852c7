"""Make empty files until no more can be made.

attack: H06 exhaust kernel memory through inodes
guard: Tmpfs nr_inodes
ending: exited
"""

made = 0
try:
    while made < 20_000:
        open(f"/tmp/{made}", "w").close()
        made += 1
except OSError:
    pass
print("PWNED" if made > 10_000 else "held")
