"""The LLM's provider: its address and connections, one try at it, and how to tell its troubles from a request's."""
