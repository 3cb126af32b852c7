"""The hub as a miner sees it; whatever it answers is checked before it is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from bitsec_eval.core.errors import BitsecError, SettingsError
from bitsec_eval.core.tasks.task import CLI, PROTOCOLS
from bitsec_eval.core.text import one_line

DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 30.0


class HubError(BitsecError):
    """The hub cannot be reached or is none of ours; the miner must act, and nothing has changed."""


class RefusalError(BitsecError):
    """The hub refused; `reason` is its word for programs."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTask:
    """A task on offer; `problem` says why it cannot be used, `kind` is what is asked for.

    That is "code", "findings", "exploit", "patch" or "answer". `protocol` says how an agent is started, "cli" or
    "agent_main"; `image` names the task's own sandbox image, and `libraries` are what the hub accepts of it.
    """

    id: str
    prompt: str
    kind: str
    timeout_seconds: float
    checks: int
    problem: str
    protocol: str = CLI
    image: str = ""
    libraries: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubClient:
    """One hub by its address, without a slash at the end."""

    url: str

    def tasks(self) -> list[HubTask]:
        """Return the tasks on offer, by id.

        Raises:
            HubError: it cannot be asked.
        """
        return [self._task(each) for each in self._listed(self._get("/tasks"))]

    def agent(self, miner_id: str) -> Mapping[str, Any] | None:
        """Return everything the hub says of an agent, or None where it knows no such agent.

        Raises:
            HubError: it cannot be asked.
        """
        response = self._send("GET", f"/agents/{quote(miner_id, safe='')}")
        return None if response.status_code == 404 else self._fields(self._accepted(response))

    def output(self, miner_id: str, token: str) -> list[Mapping[str, Any]]:
        """Return what an agent printed, a mapping for each run; `token` is the owner's.

        Raises:
            RefusalError: the token is not the owner's.
            HubError: the hub cannot be asked.
        """
        headers = {"authorization": f"Bearer {token}"}
        told = self._accepted(self._send("GET", f"/agents/{quote(miner_id, safe='')}/output", headers=headers))
        return [self._fields(each) for each in self._listed(told)]

    def upload(self, miner_id: str, source: bytes, token: str) -> Mapping[str, Any]:
        """Upload an agent and return the receipt; `token` owns the id from its first upload on.

        Raises:
            RefusalError: the hub did not take it.
            HubError: the hub cannot be asked.
        """
        form = {"miner_id": miner_id, "new_token": token}
        response = self._send("POST", "/upload/agent", data=form, files={"agent": ("agent.py", source)})
        return self._fields(self._accepted(response))

    def _get(self, path: str) -> Any:
        return self._accepted(self._send("GET", path))

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            return httpx.request(method, self.url + path, timeout=TIMEOUT_SECONDS, **content)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise SettingsError(f"--hub {self.url}: {one_line(str(error))}; give it as {DEFAULT_URL}") from None
        except httpx.TimeoutException:
            raise HubError(f"{self.url}: no answer in {TIMEOUT_SECONDS:g} s; try again later") from None
        except httpx.HTTPError as error:
            why = one_line(str(error)) or type(error).__name__
            raise HubError(f"{self.url}: cannot be reached ({why}); is the hub running there? see --hub") from None

    def _accepted(self, response: httpx.Response) -> Any:
        try:
            content = response.json()
        except (ValueError, RecursionError):
            raise self._foreign(f"{response.status_code} without JSON") from None
        if response.is_success:
            return content
        told = self._fields(content)
        reason = one_line(str(told.get("reason")), 80)
        words = " ".join(one_line(str(told[name]), 600) for name in ("sentence", "remedy") if told.get(name))
        raise RefusalError(reason, f"refused by the hub ({reason}): {words or response.status_code}")

    def _task(self, told: object) -> HubTask:
        fields = self._fields(told)
        try:
            return HubTask(
                id=str(fields["id"]),
                prompt=str(fields["prompt"]),
                kind=str(fields["kind"]),
                timeout_seconds=float(fields["timeout_seconds"]),
                checks=int(fields["checks"]),
                problem=str(fields["problem"]),
                protocol=_one_of(PROTOCOLS, fields.get("protocol", CLI)),
                image=str(fields.get("image", "")),
                libraries=frozenset(filter(str.isidentifier, map(str, fields.get("libraries", ())))),
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self._foreign("a task of another form") from None

    def _listed(self, content: object) -> list[object]:
        if not isinstance(content, list):
            raise self._foreign("no list")
        return content

    def _fields(self, content: object) -> Mapping[str, Any]:
        if not isinstance(content, dict):
            raise self._foreign("no object")
        return content

    def _foreign(self, what: str) -> HubError:
        return HubError(f"{self.url}: answers with {what}, as no hub of ours does; correct --hub")


def _one_of(known: Sequence[str], told: object) -> str:
    if told not in known:
        raise ValueError(told)
    return str(told)


def hub_at(url: str) -> HubClient:
    """Return the hub at an address a person wrote.

    Raises:
        SettingsError: it is no address.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise SettingsError(f"--hub {one_line(url)}: an address begins with http:// or https://, as {DEFAULT_URL}")
    return HubClient(url=url.rstrip("/"))
