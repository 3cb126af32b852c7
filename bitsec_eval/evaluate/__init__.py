"""An evaluation of one agent in a pytest process of its own, for programs that start several."""
