"""Serve the app on one socket, in one process."""

import asyncio
import logging
import signal
import socket
import sys
from contextlib import suppress

import uvicorn

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.hub.app import create_app
from bitsec_eval.hub.http.connection_limits import Connections, protocol_class
from bitsec_eval.hub.service import Hub, opened
from bitsec_eval.hub.settings import HubSettings

SHUTDOWN_SECONDS = 3


def serve(settings: HubSettings) -> None:
    """Serve until a signal says stop; then close everything that was opened.

    Raises: SettingsError where the address cannot be listened on, or a folder or the checking Python not be used.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the server raises it again once it has stopped
    with suppress(KeyboardInterrupt), _listener(settings) as listener:
        asyncio.run(_serve(settings, listener))


async def _serve(settings: HubSettings, listener: socket.socket) -> None:
    async with opened(settings) as hub:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"hub: http://{shown}:{port}{settings.base_path}/", flush=True)  # noqa: T201 - what the operator waits for
        await uvicorn.Server(_config(hub)).serve(sockets=[listener])


def _config(hub: Hub) -> uvicorn.Config:
    settings = hub.settings
    limits = Connections(
        most=settings.connections,
        most_per_address=settings.connections_per_address,
        header_seconds=settings.header_seconds,
        proxies=settings.proxies,
    )
    return uvicorn.Config(
        create_app(hub),
        http=protocol_class(limits),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def _listener(settings: HubSettings) -> socket.socket:
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((settings.host, settings.port), family=family, backlog=1024)
    except OSError as error:
        where = f"--host {settings.host} --port {settings.port}"
        raise SettingsError(f"{where}: {error.strerror}; choose another address or port") from None
