from collections import OrderedDict


class LRUCache:
    def __init__(self, capacity):
        if capacity < 1:
            raise ValueError(f"capacity must be positive, got {capacity}")
        self.capacity = capacity
        self.stored = OrderedDict()
        self.counts = {"hits": 0, "misses": 0}

    def get(self, key, default=None):
        if key not in self.stored:
            self.counts["misses"] += 1
            return default
        self.counts["hits"] += 1
        self.stored.move_to_end(key)
        return self.stored[key]

    def put(self, key, value):
        self.stored[key] = value
        self.stored.move_to_end(key)
        return self.stored.popitem(last=False) if len(self.stored) > self.capacity else None

    def peek(self, key, default=None):
        return self.stored.get(key, default)

    def keys(self):
        return list(self.stored)

    def stats(self):
        return dict(self.counts)
