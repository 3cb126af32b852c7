"""A miner's tool: see what is asked, make an agent, try it, submit it, and see where it stands; see docs/miner.md."""
