def merge(intervals):
    merged = []
    for start, end in sorted(map(checked, intervals)):
        if start == end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def gaps(intervals, within):
    place, last = checked(within)
    free = []
    for start, end in merge(intervals):
        free.append((place, min(start, last)))
        place = max(place, end)
    free.append((place, last))
    return [(start, end) for start, end in free if start < end]


def checked(interval):
    start, end = interval
    if start > end:
        raise ValueError(f"ends before it starts: {interval}")
    return interval
