"""Agents that `make` writes: a skeleton, or an LLM's work once it has passed the check and a rehearsal."""
