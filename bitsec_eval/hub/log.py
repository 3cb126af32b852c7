"""The hub's log: one JSON object a line, so that no name or file in it can forge another line."""

import json
import logging
from datetime import UTC, datetime

_LOG = logging.getLogger("hub")


def log_event(event: str, **facts: object) -> None:
    """Log one event with its facts, which may be anybody's text."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    _LOG.info("%s", json.dumps({"time": time, "event": event, **facts}, default=str))
