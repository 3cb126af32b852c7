"""How `make` writes an agent: a skeleton, or what an LLM wrote once it has passed the check and a rehearsal."""
