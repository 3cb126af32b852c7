"""Knows neither accents nor apostrophes, and cuts a slug wherever the limit falls."""

import re


def slugify(title, limit=40):
    return re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")[:limit]
