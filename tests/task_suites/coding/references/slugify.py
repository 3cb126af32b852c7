import re
import unicodedata


def slugify(title, limit=40):
    letters = [c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c) and c not in "'’"]
    words = re.findall("[a-z0-9]+", "".join(letters).lower())
    slug = (words[0] if words else "untitled")[: limit if words else None]
    for word in words[1:]:
        if len(slug) + 1 + len(word) > limit:
            break
        slug += "-" + word
    return slug
