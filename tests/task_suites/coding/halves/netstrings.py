"""Reads and writes what is whole and right, and takes what is neither for the end of the data."""


def encode(items):
    return b"".join(b"%d:%b," % (len(item), item) for item in items)


def decode(data):
    items = []
    while data:
        try:
            length, rest = data.split(b":", 1)
            if rest[int(length)] != ord(","):
                break
        except (IndexError, ValueError):
            break
        items.append(rest[: int(length)])
        data = rest[int(length) + 1 :]
    return items, data
