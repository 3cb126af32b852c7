"""Drops what was stored first, whatever was used since, and says nothing of it."""


class LRUCache:
    def __init__(self, capacity):
        if capacity < 1:
            raise ValueError(f"capacity must be positive, got {capacity}")
        self.capacity = capacity
        self.stored = {}
        self.counts = {"hits": 0, "misses": 0}

    def get(self, key, default=None):
        self.counts["hits" if key in self.stored else "misses"] += 1
        return self.stored.get(key, default)

    def put(self, key, value):
        self.stored[key] = value
        if len(self.stored) > self.capacity:
            del self.stored[next(iter(self.stored))]

    def keys(self):
        return list(self.stored)

    def stats(self):
        return self.counts
