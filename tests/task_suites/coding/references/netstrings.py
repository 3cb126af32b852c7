import re


def encode(items):
    for place, item in enumerate(items):
        if not isinstance(item, bytes):
            raise TypeError(f"item {place} is not bytes")
    return b"".join(b"%d:%b," % (len(item), item) for item in items)


def decode(data):
    items = []
    place = 0
    while place < len(data):
        colon = length_end(data, place)
        if colon == len(data):
            break
        start = colon + 1
        end = start + int(data[place:colon])
        if end >= len(data):
            break
        if data[end] != ord(","):
            raise ValueError(f"bad netstring at byte {end}")
        items.append(data[start:end])
        place = end + 1
    return items, data[place:]


def length_end(data, start):
    """Return where the colon stands or, if data ends within the length, where data ends."""
    digits = re.compile(rb"0|[1-9][0-9]{0,8}|").match(data, start).group()
    end = start + len(digits)
    if end < len(data) and not (digits and data[end] == ord(":")):
        raise ValueError(f"bad netstring at byte {end}")
    return end
