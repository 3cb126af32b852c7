"""Sources that take seconds to check, from one address, cost uploads of other addresses next to nothing.

Each client has an address of its own of the loopback network, as strangers have on a real one.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.hub.conftest import RunningHub, StartHub, agent

END = b"\nif __name__ == '__main__':\n    print('--task')\n"
DENSE = {
    "many lists": b"x = [" + b"[]," * 80_000 + b"]" + END,
    "one long f-string": b'x = f"' + b"{1}" * 60_000 + b'"' + END,
    "many lines": b"a\n" * 120_000 + END,
    "one sum": b"x = 1" + b"+1" * 120_000 + END,
}
ATTACKS = 24
HONEST_SECONDS = 10.0
"""Far below the half minute that one such source once cost an honest upload, far above what a busy machine needs."""


def upload(hub: RunningHub, address: str, miner_id: str, source: bytes) -> tuple[int, float]:
    """Upload from an address; return the status, and the seconds it took."""
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(base_url=hub.url, transport=transport, timeout=120, trust_env=False) as client:
        begun = time.monotonic()
        form = {"data": {"miner_id": miner_id}, "files": {"agent": ("a.py", source)}}
        return client.post("/upload/agent", **form).status_code, time.monotonic() - begun


@pytest.mark.parametrize("source", DENSE.values(), ids=DENSE)
def test_an_honest_upload_from_elsewhere_is_answered_in_seconds(start_hub: StartHub, source: bytes):
    hub = start_hub("--uploads-per-minute", "60")
    with ThreadPoolExecutor(ATTACKS) as pool:
        for number in range(ATTACKS):
            pool.submit(upload, hub, "127.0.0.2", f"dense{number}", source + b"#%d" % number)
        time.sleep(1)
        took = [upload(hub, "127.0.0.3", f"honest{number}", agent(number)) for number in range(3)]
        hub.kill()  # those who attack would wait on

    assert [status for status, _ in took] == [201] * 3
    assert max(seconds for _, seconds in took) < HONEST_SECONDS


def test_an_address_that_has_used_up_its_processor_time_is_told_to_wait(start_hub: StartHub):
    hub = start_hub("--uploads-per-minute", "2")  # half a second of processor time for each address
    densest = b'x = f"' + b"{1}" * 85_000 + b'"' + END  # several seconds, however fast the machine
    assert upload(hub, "127.0.0.2", "dense", densest)[0] in (201, 422)

    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=hub.url, transport=transport, timeout=120, trust_env=False) as client:
        form = {"data": {"miner_id": "simple"}, "files": {"agent": ("a.py", agent())}}
        refused = client.post("/upload/agent", **form)

    assert (refused.status_code, refused.json()["reason"]) == (429, "check_time_used"), refused.text
    assert upload(hub, "127.0.0.3", "honest", agent())[0] == 201
