"""Take more than the memory limit slowly, in the hope that the rest is swapped out.

attack: H03 use swap beyond the memory limit
guard: MemorySwap
ending: out_of_memory
"""

import mmap

region = mmap.mmap(-1, 320 << 20)
for page in range(0, len(region), 4096):
    region[page] = 1
print("PWNED")
