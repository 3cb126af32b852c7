"""Adds up whatever looks like a part, and refuses nothing but the empty text and a text without numbers."""

import re

SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}


def parse_duration(text):
    parts = re.findall("([0-9]+)([wdhms])", text)
    return sum(int(amount) * SECONDS[unit] for amount, unit in parts) * (-1 if "-" in text else 1)
