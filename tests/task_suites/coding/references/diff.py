def diff(old, new):
    kept = longest_kept(old, new)
    steps, removed, added = [], [], []
    a = b = 0
    while a < len(old) or b < len(new):
        if a < len(old) and b < len(new) and old[a] == new[b]:
            steps += [*removed, *added, (" ", old[a])]
            removed, added = [], []
            a, b = a + 1, b + 1
        elif b == len(new) or (a < len(old) and kept[a + 1][b] >= kept[a][b + 1]):
            removed.append(("-", old[a]))
            a += 1
        else:
            added.append(("+", new[b]))
            b += 1
    return steps + removed + added


def longest_kept(old, new):
    """Return a table: how many lines old[a:] and new[b:] can keep, for every a and b."""
    kept = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for a in reversed(range(len(old))):
        for b in reversed(range(len(new))):
            kept[a][b] = kept[a + 1][b + 1] + 1 if old[a] == new[b] else max(kept[a + 1][b], kept[a][b + 1])
    return kept
