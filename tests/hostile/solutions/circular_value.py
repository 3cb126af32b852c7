"""Return a list that holds itself.

attack: P04 never come to an end
guard: values nest at most 60 levels
reason: gave no plain value
"""


def reverse_string(s):
    value = []
    value.append(value)
    return value
