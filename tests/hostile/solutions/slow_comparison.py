"""Return a text that takes minutes to explain the difference of.

attack: T06 keep the validator busy outside every limit
guard: large values are told, not explained
"""

import random


def reverse_string(s):
    lines = ["".join(random.choices(s + "abc", k=40)) for _ in range(20_000)]
    return "\n".join(lines)
