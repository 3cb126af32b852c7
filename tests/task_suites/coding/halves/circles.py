"""Finds circles, and takes everybody with more than one friend for a link."""


def circles(pairs):
    found = []
    for pair in map(set, pairs):
        joined = pair.union(*(circle for circle in found if circle & pair))
        found = [circle for circle in found if not circle & pair] + [joined]
    return {frozenset(circle) for circle in found}


def links(pairs):
    names = [name for pair in {frozenset(pair) for pair in pairs} for name in pair]
    return frozenset(name for name in names if names.count(name) > 1)
