"""A cluster as one engine: the nodes that offer sandboxes, found at the start and looked for again and again."""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event, Thread

from distributed import Client

from bitsec_eval.cluster.images import NodeImage
from bitsec_eval.cluster.remote_node import ClusterNode
from bitsec_eval.cluster.settings import ClusterSettings, security
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.engines import build_command, other_image
from bitsec_eval.sandbox.fleet.fleet import Fleet, FleetAsEngine, Member
from bitsec_eval.sandbox.pool import Pool

CONNECT_SECONDS = 15
LOOK_SECONDS = 1.0
FIRST_NODE_SECONDS = 30.0
RETIRE_SECONDS = 5.0
REFUSED_SECONDS = 15.0
RESOURCE = "sandbox"
LOGGERS = {"distributed", "tornado"}
OWN_IMAGE = NodeImage()


@contextmanager
def cluster_of(settings: ClusterSettings, image: NodeImage = OWN_IMAGE) -> Iterator["Cluster"]:
    """Connect to the scheduler, wait for the first node, and leave nothing on any node at the end.

    Sandboxes are of `image`; a node without it, or with another of its name, is refused and the others serve.

    Raises:
        SandboxError: no scheduler answers, or no node offers sandboxes.
    """
    _hush_dask()
    cluster = Cluster(settings, image)
    try:
        cluster.begin()
        yield cluster
    finally:
        cluster.close()


class Cluster(FleetAsEngine):
    """Every node of a cluster; `fleet` opens sandboxes on them."""

    def __init__(self, settings: ClusterSettings, image: NodeImage = OWN_IMAGE) -> None:
        self._settings = settings
        self._asked = image
        self._client = self._connected()
        self._nodes: dict[str, ClusterNode] = {}  # by the address of their worker
        self._pools: dict[str, Pool] = {}  # by the name of their node
        self._retiring: list[Thread] = []
        self._refused: dict[str, str] = {}
        self._refused_until: dict[str, float] = {}  # by address
        self._stopped = Event()
        self._looking = Thread(target=self._keep_looking, name="bitsec-nodes", daemon=True)
        self.fleet = Fleet(())
        self.image = image.digest

    def begin(self) -> None:
        """Take in the nodes that are there, and from here on those that come.

        Raises:
            SandboxError: none has come.
        """
        deadline = time.monotonic() + FIRST_NODE_SECONDS
        while not self._nodes:
            self._look()
            if not self._nodes and time.monotonic() >= (deadline - REFUSED_SECONDS if self._refused else deadline):
                raise SandboxError(self._nobody())
            self._stopped.wait(0 if self._nodes else LOOK_SECONDS)
        self._looking.start()

    @property
    def nodes(self) -> list[ClusterNode]:
        """The nodes that were taken in, by name."""
        return sorted(self._nodes.values(), key=lambda node: node.name)

    @property
    def refused(self) -> Mapping[str, str]:
        """Why a node was not taken in, by its name."""
        return dict(self._refused)

    def stop(self) -> None:
        """Open nothing more on any node and remove everything, so that whoever waits for a guest is released."""
        self._stopped.set()
        nodes = list(self._nodes.values())
        with ThreadPoolExecutor(max(1, len(nodes))) as threads:
            list(threads.map(lambda node: node.stop(), nodes))

    def close(self) -> None:
        """Stop, and leave the cluster."""
        self.stop()
        self.fleet.stop()
        for thread in self._retiring:
            thread.join(RETIRE_SECONDS)
        self._client.close()  # type: ignore[no-untyped-call]

    def _connected(self) -> Client:
        try:
            return Client(  # type: ignore[no-untyped-call]
                self._settings.scheduler,
                security=security(self._settings),
                timeout=CONNECT_SECONDS,
                direct_to_workers=True,
            )
        except (OSError, ValueError) as error:
            reason = one_line(str(error), 160) or type(error).__name__
            raise SandboxError(
                f"no Dask scheduler answers at {self._settings.scheduler} ({reason}); start one with dask scheduler"
            ) from error

    def _keep_looking(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            with suppress(Exception):  # what cannot be asked now is asked again
                self._look()

    def _look(self) -> None:
        """Take in every node that is new, all at the same time."""
        if self._client.status == "closed":  # the scheduler was away for longer than Dask waits for it
            self._client = self._connected()
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        known = {address for address, node in self._nodes.items() if not node.is_gone}
        new = {
            address: one_line(str(told["name"]), 80)
            for address, told in workers.items()
            if address not in known and RESOURCE in told["resources"] and self._may_be_asked(address)
        }
        if not new:
            return
        with ThreadPoolExecutor(len(new)) as threads:
            found = [node for node in threads.map(self._spoken_to, new, new.values()) if node is not None]
        if found:
            self.image = self.image or _commonest(found)
        for node in found:
            self._take_in(node)

    def _may_be_asked(self, address: str) -> bool:
        """Whether a node was not refused a moment ago: to look at it again costs it a look at its whole image."""
        return time.monotonic() >= self._refused_until.get(address, 0.0)

    def _refuse(self, address: str, name: str, reason: str) -> None:
        self._refused[name] = reason
        self._refused_until[address] = time.monotonic() + REFUSED_SECONDS

    def _spoken_to(self, address: str, name: str) -> ClusterNode | None:
        try:
            return ClusterNode(self._client, name, address, self._asked.name)
        except SandboxError as error:
            self._refuse(address, name, str(error))
            return None

    def _take_in(self, node: ClusterNode) -> None:
        name = node.name
        if self.image not in (node.content, node.image):
            self._refuse(node.address, name, self._other_image(node))
            node.stop()
            return
        self._refused.pop(name, None)
        self._retire(name)
        self._nodes[node.address] = node
        self._pools[name] = Pool(node, node.jobs)
        self.fleet.add(Member(name=name, jobs=node.jobs, pool=self._pools[name], ask=node.ask))

    def _retire(self, name: str) -> None:
        """Give up a node that was lost and started anew, if there is one of this name: it has another address now."""
        for address in [address for address, node in self._nodes.items() if node.name == name]:
            gone = self._nodes.pop(address)
            for stop in (self._pools[name].stop, gone.stop):
                self._retiring.append(Thread(target=stop, name="bitsec-stop", daemon=True))
                self._retiring[-1].start()

    def _other_image(self, node: ClusterNode) -> str:
        if self._asked.digest:
            return f"node {node.name}: {other_image(self._asked.name, node.content, self.image)}"
        return (
            f"the image of node {node.name} holds other files than that of other nodes;"
            f" make all by the same version: {build_command(self._asked.name)}"
        )

    def _nobody(self) -> str:
        refused = "; ".join(self._refused.values())
        return refused or (
            f"no node offers sandboxes at {self._settings.scheduler}; start one with"
            f" bitsec-eval node --scheduler {self._settings.scheduler}"
        )


def _commonest(nodes: Sequence[ClusterNode]) -> str:
    """Return the image content of most nodes, so that one that holds another does not shut out the rest."""
    counted = Counter(node.content for node in sorted(nodes, key=lambda node: node.name))
    return counted.most_common(1)[0][0]


def _hush_dask() -> None:
    """Keep Dask's own log of lost connections off the operator's terminal: the board tells of what they cost.

    Its threads would also format tracebacks, which Python 3.11.7 cannot do in two threads at the same time: there
    `ast.parse` of either may end in a SystemError, and pytest formats tracebacks as well.
    """
    named = {name for name in logging.root.manager.loggerDict if name.partition(".")[0] in LOGGERS}
    for name in named | LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
