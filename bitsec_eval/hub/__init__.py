"""The hub: takes agents in, keeps every version, and shows where each one stands.

One FastAPI app over a local folder, no database; see docs/hub.md.
"""
