"""Checking an agent's source in a limited process of its own: parsing hostile source can exhaust memory or time."""
