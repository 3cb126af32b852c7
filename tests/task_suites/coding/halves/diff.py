"""Leaves it to difflib, which looks for long runs and not for few changes."""

import difflib


def diff(old, new):
    steps = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            steps += [(" ", line) for line in old[a:b]]
        else:
            steps += [("-", line) for line in old[a:b]] + [("+", line) for line in new[c:d]]
    return steps
