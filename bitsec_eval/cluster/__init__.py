"""Sandboxes on the nodes of a Dask cluster: scheduling and verdict stay at home, only the sandbox moves."""
