"""The other sides of proof.py: `forge test` over the same attack, and a fresh anvil chain for each verdict.

Both come from npm with the same compiler as ours, into a folder of their own. Each does less than ours: the attack on
the faulty project alone, without honest use, the task's own exploit or the mended twin.
"""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

PACKAGES = ("@foundry-rs/forge-linux-amd64@1.7.1", "@foundry-rs/anvil-linux-amd64@1.7.1", "solc@0.8.30")
SOLC = """#!/usr/bin/env node
const solc = require("solc"), input = () => require("fs").readFileSync(0, "utf8");
console.log(process.argv.includes("--version") ? solc.version().split("+")[0] : solc.compile(input()));
"""
ANYTHING = (1).to_bytes(32, "big") + bytes(512)
"""Stands for what a transaction returned, which a chain does not tell: true, a number or some bytes."""

TEST = """// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;
import {Token} from "scenario/Token.sol";
import {MARKET} from "src/MARKET.sol";
import {IERC20} from "src/interfaces/IERC20.sol";
import {Exploit} from "../Exploit.sol";
interface Vm { function prank(address who) external; }
contract ProofTest {
    Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    Token token; MARKET market; address tenant = address(0xbeef);
    function setUp() external {
        token = new Token();
        market = new MARKET(address(0xcafe), 500);
        market.ACCEPT(IERC20(address(token)), true);
        token.mint(tenant, 500 ether);
        vm.prank(tenant);
        token.approve(address(market), type(uint256).max);
        market.PUBLISH(IERC20(address(token)), 2 ether);
    }
    function test_attack() external {
        Exploit exploit = new Exploit();
        exploit.run(market, IERC20(address(token)), tenant);
        require(token.balanceOf(address(exploit)) >= 450 ether, "no gain");
    }
}
"""


def install(folder: Path) -> None:
    """Fetch forge, anvil and the compiler."""
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", *PACKAGES], cwd=folder, check=True)
    (folder / "compiler").write_text(SOLC)
    (folder / "compiler").chmod(0o755)


class Forge:
    """The case as a project of forge's; `verdict` runs its one test over an exploit."""

    def __init__(self, folder: Path, files, new_names) -> None:
        self._folder = folder
        for path, text in {**files.project, "scenario/Token.sol": files.support["scenario/Token.sol"]}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        (folder / "test").mkdir()
        names = {"MARKET": "AgentMarket", "ACCEPT": "accept", "PUBLISH": "publish"}
        test = re.sub("|".join(names), lambda match: new_names.get(names[match[0]], names[match[0]]), TEST)
        (folder / "test/Proof.t.sol").write_text(test)
        settings = ("[profile.default]", 'evm_version = "cancun"', "optimizer = false")
        remappings = 'remappings = ["src/=src/", "scenario/=scenario/"]'
        (folder / "foundry.toml").write_text("\n".join((*settings, remappings)))

    def verdict(self, source: str) -> bool:
        """Return whether the exploit gains, compiled if it has changed."""
        path = self._folder / "Exploit.sol"
        if not path.exists() or path.read_text() != source:
            path.write_text(source)
        environment = {**os.environ, "FOUNDRY_SOLC": str(self._folder / "compiler"), "FOUNDRY_OFFLINE": "true"}
        forge = self._folder / "node_modules/@foundry-rs/forge-linux-amd64/bin/forge"
        done = subprocess.run([forge, "test"], cwd=self._folder, env=environment, capture_output=True, text=True)
        if "test_attack" not in done.stdout:
            raise SystemExit(done.stdout + done.stderr)
        return done.returncode == 0


GRADE = """import json, sys, urllib.request
total, url, token = 0, sys.argv[1], sys.argv[2]
for holder in sys.argv[3:]:
    call = {"to": token, "data": "0x70a08231" + holder[2:].rjust(64, "0")}
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call, "latest"]}
    asked = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    total += int(json.load(urllib.request.urlopen(asked))["result"], 16)
print(total)
"""


class Anvil:
    """A `Machine` that is a chain in a process of its own, asked over HTTP as a grader asks it."""

    def __init__(self, folder: Path) -> None:
        program = folder / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        command = [program, "--port", str(port), "--silent", "--auto-impersonate"]
        command += ["--hardfork", "cancun", "--timestamp", "1"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._wait()

    def _wait(self) -> None:
        for _ in range(2000):
            try:
                self._ask("eth_chainId")
            except OSError:
                self._http.close()
                time.sleep(0.005)
            else:
                return
        raise SystemExit("anvil does not answer")

    def close(self) -> None:
        """End the chain."""
        self._http.close()
        self._process.kill()
        self._process.wait()

    def grade(self, token: str, holders: list[str]) -> int:
        """Return what holders have of a token, as a grade script in a process of its own finds it."""
        command = [sys.executable, "-I", "-c", GRADE, self._url, token, *holders]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def _ask(self, method: str, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self._http.request("POST", "/", body, {"Content-Type": "application/json"})
        told = json.load(self._http.getresponse())
        if "error" in told:
            raise RuntimeError(told["error"]["message"])
        return told["result"]

    def run(self, steps):
        """Do steps; see `bitsec_eval.core.proof.machine`."""
        return [getattr(self, f"_{step[0]}")(*step[2:]) for step in steps]

    def _new(self, block, timestamp):
        return self._move(block, timestamp)

    def _move(self, block, timestamp):
        self._ask("evm_setNextBlockTimestamp", hex(timestamp))
        return True

    def _fund(self, address, amount):
        self._ask("anvil_setBalance", address, hex(amount))
        return True

    def _balance(self, address):
        return int(self._ask("eth_getBalance", address, "latest"), 16)

    def _deploy(self, sender, code, value, gas):
        return self._send({"from": sender, "data": f"0x{code.hex()}"}, value, gas)

    def _call(self, sender, to, data, value, gas):
        return self._send({"from": sender, "to": to, "data": f"0x{data.hex()}"}, value, gas)

    def _send(self, transaction, value, gas):
        priced = {**transaction, "value": hex(value), "gas": hex(gas), "gasPrice": hex(2 * 10**9)}
        self._ask("anvil_setBalance", transaction["from"], hex(10**24))
        sent, receipt = self._ask("eth_sendTransaction", priced), None
        while receipt is None:  # it is mined a moment later
            receipt = self._ask("eth_getTransactionReceipt", sent)
        outcome = {
            "ok": receipt["status"] == "0x1",
            "output": ANYTHING,
            "gas": 0,
            "reason": "",
            "logs": [],
        }
        return {**outcome, "address": receipt["contractAddress"] or ""}

    def _view(self, sender, to, data, gas):
        told = self._ask("eth_call", {"from": sender, "to": to, "data": f"0x{data.hex()}"}, "latest")
        return {"ok": True, "output": bytes.fromhex(told[2:]), "gas": 0, "reason": "", "logs": []}


def is_there() -> bool:
    """Whether what the sides need is on this machine."""
    return shutil.which("npm") is not None and os.uname().machine == "x86_64"
