"""Return a list in a list in a list, and so on.

attack: P04 exhaust the reader's stack
guard: values nest at most 60 levels
reason: gave no plain value
"""


def reverse_string(s):
    value = []
    for _ in range(500):
        value = [value]
    return value
