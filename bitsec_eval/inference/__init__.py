"""The gateway: the only way from a sandbox to an LLM, and the keeper of its key and its budgets."""
