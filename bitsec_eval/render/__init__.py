"""The board as people and programs read it: console lines, JSON, a page."""
