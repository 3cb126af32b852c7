"""Take memory until the kernel objects.

attack: H03 exhaust the machine's memory
guard: Memory
ending: out_of_memory
"""

hoard = []
while len(hoard) < 300:
    hoard.append(bytearray(b"x" * (1 << 20)))
print("PWNED")
