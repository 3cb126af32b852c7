import re

SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
DURATION = re.compile("(-?)(?=[0-9])" + " *".join(f"(?:([0-9]+){unit})?" for unit in SECONDS))


def parse_duration(text):
    match = DURATION.fullmatch(text.strip(" "))
    if not match:
        raise ValueError(f"invalid duration: {text!r}")
    sign, *amounts = match.groups()
    seconds = sum(int(amount or 0) * size for amount, size in zip(amounts, SECONDS.values(), strict=True))
    return -seconds if sign else seconds
