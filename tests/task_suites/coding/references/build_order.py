import heapq


def build_order(needs):
    missing = {name: set() for needed in needs.values() for name in needed}
    missing.update((name, set(needed)) for name, needed in needs.items())
    ready = [name for name, needed in missing.items() if not needed]
    heapq.heapify(ready)
    users = {name: [] for name in missing}
    for name, needed in missing.items():
        for other in needed:
            users[other].append(name)
    order = []
    while ready:
        order.append(heapq.heappop(ready))
        for user in users[order[-1]]:
            missing[user].discard(order[-1])
            if not missing[user]:
                heapq.heappush(ready, user)
    if len(order) < len(missing):
        raise ValueError("cycle: " + " -> ".join(circle({n: needed for n, needed in missing.items() if needed})))
    return order


def circle(missing):
    """Follow needs until a package comes again: those left unbuilt all have one that is unbuilt, too."""
    walk = [min(missing)]
    while walk[-1] not in walk[:-1]:
        walk.append(min(missing[walk[-1]]))
    names = walk[walk.index(walk[-1]) : -1]
    first = names.index(min(names))
    return [*names[first:], *names[:first], names[first]]
