"""No reader, crash or full disk ever meets half an agent, and what was accepted is never lost."""

import hashlib
import json
import shutil
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bitsec_eval.core.agents.similarity import Likeness
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.hub.storage.records import Record, Version, decoded
from bitsec_eval.hub.storage.store import Store
from bitsec_eval.hub.uploads.tokens import token_hash
from tests.hub.conftest import ROOT, RunningHub, StartHub, agent

LIKENESS = Likeness(structure="s", prints=frozenset({1, 2}))


def record(*sources: bytes) -> Record:
    versions = [
        Version(version=n, sha256=hashlib.sha256(source).hexdigest(), size=len(source), time="t", sequence=n)
        for n, source in enumerate(sources, start=1)
    ]
    return Record(miner_id="alice", versions=tuple(versions))


def opened(folder: Path) -> Store:
    store = Store(folder, 0)
    store.open()
    return store


def files(folder: Path) -> dict[str, bytes]:
    kept = (path for path in folder.rglob("*") if path.is_file() and path.name != ".hub.lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def stored(folder: Path, *sources: bytes) -> dict[str, bytes]:
    """Store one version after another and return the folder as it is after the last."""
    store = opened(folder)
    for n in range(1, len(sources) + 1):
        store.put(record(*sources[:n]), sources[n - 1], LIKENESS, token_hash("t") if n == 1 else None)
    store.close()
    return files(folder)


ORDER = (
    ".versions/alice/{sha}.py",
    ".versions/alice/{sha}.likeness",
    ".tokens/alice.token",
    "alice.json",
    "alice.py",
)


@pytest.mark.parametrize("done", range(len(ORDER) + 1))
@pytest.mark.parametrize("earlier", [(), (b"one",)], ids=["first", "second"])
def test_a_crash_between_any_two_files_leaves_the_version_before_or_after(tmp_path: Path, earlier, done):
    before, after = stored(tmp_path / "before", *earlier), stored(tmp_path / "after", *earlier, b"two")
    crashed = tmp_path / "crashed"
    shutil.copytree(tmp_path / "before", crashed)
    sha = hashlib.sha256(b"two").hexdigest()
    for name in ORDER[:done]:
        path = crashed / name.format(sha=sha)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(after[name.format(sha=sha)])

    store = opened(crashed)
    store.close()

    left = files(crashed)
    wanted = after if done > ORDER.index("alice.json") else before
    assert {name: left.get(name) for name in ("alice.py", "alice.json", ".tokens/alice.token")} == {
        name: wanted.get(name) for name in ("alice.py", "alice.json", ".tokens/alice.token")
    }
    assert all(left[name] == content for name, content in before.items() if ".versions" in name)


def test_what_a_crash_left_half_written_is_removed(tmp_path: Path):
    stored(tmp_path, b"one")
    for folder in (".", ".tokens", ".versions/alice"):
        (tmp_path / folder / ".alice.py.x1y2.tmp").write_bytes(b"ha")

    opened(tmp_path).close()

    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("damage", ["alice.py", ".versions/alice/{sha}.py"])
def test_a_damaged_or_missing_copy_is_restored_from_the_other(tmp_path: Path, damage):
    whole = stored(tmp_path, b"one")
    damaged = tmp_path / damage.format(sha=hashlib.sha256(b"one").hexdigest())
    damaged.unlink()

    opened(tmp_path).close()

    assert files(tmp_path) == whole


def test_what_cannot_be_recovered_is_said_and_the_rest_works(tmp_path: Path):
    stored(tmp_path, b"one")
    (tmp_path / "alice.py").write_bytes(b"damaged")
    shutil.rmtree(tmp_path / ".versions" / "alice")
    (tmp_path / "bob.json").write_bytes(b"{")

    store = Store(tmp_path, 0)
    told = store.open()

    assert any("version 1 is lost; upload it again" in line for line in told)
    assert any("nothing can be uploaded as bob" in line for line in told)
    assert store.record("alice") is not None
    assert not store.is_free("bob")
    store.close()


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b'{"versions": []}', b'{"miner_id": "a", "versions": [{}]}', b"\xff", b"[" * 99999],
)
def test_metadata_that_is_none_is_refused(content):
    with pytest.raises(ValueError):
        decoded(content)


def test_metadata_reads_back_as_it_was(tmp_path: Path):
    assert decoded(record(b"one", b"two").encoded()) == record(b"one", b"two")


def test_two_hubs_never_share_a_folder(start_hub: StartHub, tmp_path: Path):
    start_hub()
    second = subprocess.run(
        [sys.executable, "-m", "hub", "--port", "0", "--agents", tmp_path / "agents", "--tasks", tmp_path / "suites"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert second.returncode == 4
    assert "another hub holds this folder; stop it first" in second.stderr


def test_a_folder_that_cannot_be_written_is_a_setting_to_mend(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match="give a folder to write in"):
        Store(tmp_path / "file" / "agents", 0).open()


def test_tokens_are_readable_by_the_hub_alone(tmp_path: Path):
    stored(tmp_path, b"one")

    assert stat.S_IMODE((tmp_path / ".tokens" / "alice.token").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "alice.py").stat().st_mode) == 0o644


def test_too_little_free_space_is_507_and_nothing_is_lost(start_hub: StartHub):
    hub = start_hub()
    token = hub.upload("kept", agent(1)).json()["token"]
    hub.stop()
    before = files(hub.agents)

    full = start_hub("--free-mib", "999999999")
    answers = [full.upload("kept", agent(2), token=token), full.upload("new", agent(3))]

    assert [(answer.status_code, answer.json()["reason"]) for answer in answers] == [(507, "disk_full")] * 2
    assert files(hub.agents) == before


def test_a_disk_that_fills_up_while_writing_is_507_and_nothing_is_lost(tmp_path: Path):
    """RLIMIT_FSIZE stands in for the disk: writing on fails in the middle of a file."""
    script = f"""
import resource, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.hub.test_hub_store import LIKENESS, Path, opened, record
store = opened(Path({str(tmp_path)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    store.put(record(b"one", b"x" * 20_000), b"x" * 20_000, LIKENESS, None)
except OSError as error:
    print(error.errno)
"""
    before = stored(tmp_path, b"one")
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    assert child.stdout.strip() == "27"
    assert files(tmp_path) == before


def test_thirty_two_writers_and_their_readers_never_see_a_torn_file(start_hub: StartHub):
    hub = start_hub("--uploads-per-minute", "100000")
    miners = [f"miner{n}" for n in range(8)]
    tokens = {miner: hub.upload(miner, _version(miner, 0)).json()["token"] for miner in miners}
    sent = {hashlib.sha256(_version(miner, n)).hexdigest() for miner in miners for n in range(13)}
    stop, torn, reads = threading.Event(), [], [0]

    def read() -> None:
        while not stop.is_set():
            for miner in miners:
                reads[0] += 1
                if hashlib.sha256((hub.agents / f"{miner}.py").read_bytes()).hexdigest() not in sent:
                    torn.append(miner)
                decoded((hub.agents / f"{miner}.json").read_bytes())

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    with ThreadPoolExecutor(32) as writers:
        uploads = [(miner, n) for n in range(1, 13) for miner in miners]
        answers = list(writers.map(lambda each: hub.upload(each[0], _version(*each), token=tokens[each[0]]), uploads))
    stop.set()
    for reader in readers:
        reader.join()

    assert {answer.status_code for answer in answers} == {201}
    assert torn == []
    assert reads[0] > 500
    for miner in miners:
        kept = decoded((hub.agents / f"{miner}.json").read_bytes())
        assert [version.version for version in kept.versions] == list(range(1, 14))
        for version in kept.versions:
            content = (hub.agents / ".versions" / miner / f"{version.sha256}.py").read_bytes()
            assert hashlib.sha256(content).hexdigest() == version.sha256
        assert (hub.agents / f"{miner}.py").read_bytes() == content


def test_a_hub_that_is_killed_again_and_again_keeps_what_it_accepted(start_hub: StartHub, tmp_path: Path):
    accepted: dict[str, bytes] = {}
    for life in range(4):
        hub = start_hub("--uploads-per-minute", "100000")
        killer = threading.Timer(0.4 + 0.13 * life, hub.process.kill)
        killer.start()
        _upload_until_it_dies(hub, life, accepted)
        hub.process.wait()
        killer.join()

    again = start_hub()

    known = {each["miner_id"] for each in again.get("/agents").json()}
    assert accepted
    assert set(accepted) <= known
    for miner, source in accepted.items():
        assert (again.agents / f"{miner}.py").read_bytes() == source
    for path in again.agents.glob("*.json"):
        kept = json.loads(path.read_bytes())
        assert kept["sha256"] == hashlib.sha256(path.with_suffix(".py").read_bytes()).hexdigest()
    assert not list(again.agents.rglob("*.tmp"))


def _upload_until_it_dies(hub: RunningHub, life: int, accepted: dict[str, bytes]) -> None:
    def upload(n: int) -> None:
        miner, source = f"m{life}-{n}", _version(f"m{life}", n)
        try:
            answer = hub.upload(miner, source)
        except Exception:  # noqa: BLE001 - a dying server fails in any way
            return
        if answer.status_code == 201:
            accepted[miner] = source

    with ThreadPoolExecutor(8) as clients:
        list(clients.map(upload, range(100)))


def _version(miner: str, n: int) -> bytes:
    return agent(n) + f"# {miner}\n".encode() * (50 * n)


def test_the_validator_finds_the_current_agents_and_nothing_else(hub: RunningHub):
    from bitsec_eval.plugin.agents import find_agents

    token = hub.upload("found", agent(1)).json()["token"]
    hub.upload("found", agent(2), token=token)

    found = find_agents(hub.agents, "agents/")

    assert [each.name for each in found] == ["found"]
    assert found[0].source == agent(2)
