"""The API's description is what is served: schemathesis finds no 5xx and no status, type or body it does not name."""

import re
import subprocess
import sys

import pytest

from tests.hub.conftest import RunningHub, StartHub, agent
from tests.junit_files import JunitFile


def test_every_route_is_described_with_what_may_be_refused(hub: RunningHub):
    paths = hub.get("/openapi.json").json()["paths"]

    assert {f"{method.upper()} {path}" for path, each in paths.items() for method in each} == {
        *("POST /upload/agent", "GET /tasks", "GET /agents", "GET /agents/{miner_id}", "GET /leaderboard"),
        *("GET /agents/{miner_id}/output", "POST /miners/{miner_id}/output"),
        *("GET /healthz", "GET /", "GET /miners/{miner_id}", "GET /submit", "GET /docs", "GET /static/style.css"),
    }
    for each in paths.values():
        for operation in each.values():
            assert {"400", "403", "408", "413", "415", "429"} < set(operation["responses"])
            assert operation["description"]


def test_the_upload_is_described_with_every_refusal(hub: RunningHub):
    responses = hub.get("/openapi.json").json()["paths"]["/upload/agent"]["post"]["responses"]

    assert set(responses) == {
        *("200", "201", "400", "401", "403", "408", "409", "413", "415", "422", "429", "503", "507"),
    }


def test_nothing_is_described_that_the_framework_only_assumes(hub: RunningHub):
    text = hub.get("/openapi.json").text

    assert "HTTPValidationError" not in text
    assert '"422"' not in str(hub.get("/openapi.json").json()["paths"]["/agents/{miner_id}"])


def test_every_reference_in_the_description_leads_somewhere(hub: RunningHub):
    text = hub.get("/openapi.json").text
    schemas = hub.get("/openapi.json").json()["components"]["schemas"]

    assert set(re.findall(r"#/components/schemas/(\w+)", text)) == set(schemas)


def test_the_page_of_the_api_lists_every_address(hub: RunningHub):
    text = hub.get("/docs").text

    for path in hub.get("/openapi.json").json()["paths"]:
        assert path in text


def test_the_framework_serves_no_page_of_scripts(hub: RunningHub):
    assert "<script" not in hub.get("/docs").text
    assert hub.get("/redoc").status_code == 404


def test_schemathesis_finds_nothing(start_hub: StartHub):
    pytest.importorskip("schemathesis")
    hub = start_hub("--uploads-per-minute", "100000", "--wrong-tokens-per-minute", "100000")
    hub.upload("alice", agent(1))
    hub.results.mkdir()
    (hub.results / "junit.xml").write_bytes(JunitFile().run("alice", "demo/one", ["passed", "error"]).text)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{hub.url}/openapi.json", "--max-examples=8"]

    # positive_data_acceptance: that bytes are a form of agents says nothing about whether they are an agent.
    found = subprocess.run(
        [*command, "--exclude-checks=positive_data_acceptance", "--seed=1", "--generation-database=none"],
        cwd=hub.folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert found.returncode == 0, found.stdout[-4000:]
    assert "Traceback" not in hub.log()
