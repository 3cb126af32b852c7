def circles(pairs):
    friends = friends_of(pairs)
    found = set()
    while friends:
        circle = reached(friends, next(iter(friends)))
        found.add(circle)
        for person in circle:
            del friends[person]
    return found


def links(pairs):
    friends = friends_of(pairs)
    return frozenset(person for person in friends if holds_together(friends, person))


def holds_together(friends, person):
    """Whether somebody's friends no longer reach one another without that person."""
    one = next(iter(friends[person]))
    return not friends[person] <= reached(friends, one, without=person)


def friends_of(pairs):
    friends = {}
    for one, other in pairs:
        friends.setdefault(one, set()).add(other)
        friends.setdefault(other, set()).add(one)
    return friends


def reached(friends, start, without=None):
    seen = {start}
    pending = [start]
    while pending:
        new = friends[pending.pop()] - seen - {without}
        seen |= new
        pending += new
    return frozenset(seen)
