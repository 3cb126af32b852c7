"""Images on the nodes: which one a validator asks for, and the engines that a node has opened for those asked for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.image_name import is_image_name
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.engines import Engine
from bitsec_eval.sandbox.image_digest import content_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeImage:
    """An image that every node is asked for by its `name` (empty: the node's own), and its `digest`.

    The digest is of what the image holds or what an engine calls it; empty: the same on all nodes.
    """

    name: str = ""
    digest: str = ""


class NodeEngines:
    """A node's engines by the image that they start: its own, and others from when they are first asked for.

    `open_image` returns the engine of an image to be entered; `state` is the node's private folder.
    """

    def __init__(
        self, own: Engine, state: Path, open_image: Callable[[str], AbstractContextManager[Engine]], stack: ExitStack
    ) -> None:
        self._engines = {"": own}
        self._state = state
        self._open_image = open_image
        self._stack = stack
        self._lock = Lock()

    def engine(self, name: str) -> Engine:
        """Return the engine of an image; it stays open until the node ends.

        Raises:
            SandboxError: the node has no such image, or cannot start it.
        """
        if name and not is_image_name(name):
            raise SandboxError(f"{one_line(name, 120)!r} is no name of an image; nodes know images by name")
        with self._lock:
            if name not in self._engines:
                self._engines[name] = self._stack.enter_context(self._open_image(name))
            return self._engines[name]

    def content(self, name: str) -> str:
        """Return `sha256:` and the digest of what an image holds.

        Raises:
            SandboxError: the node has no such image, or its engine does not hand it out.
        """
        return content_digest(self.engine(name), self._state)
