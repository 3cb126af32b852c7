"""An agent's request for a completion, rebuilt from a strict schema before anything of it goes to the provider."""
