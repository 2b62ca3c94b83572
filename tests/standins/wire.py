"""The stand-ins' sockets: a server that can be stopped whatever its clients do, and the post of a webhook."""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close() joins them
    request_queue_size = 64

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake the threads that wait for a client's next request."""
        with self._guard:
            waiting = list(self._open)
        for request in waiting:
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up, or that we cut off, is no news; a mistake in a stand-in is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def post(url: str, body: bytes, headers: dict[str, str], timeout: float = 20) -> int:
    """POST to a loopback address; follows nothing, uses no proxy. Returns the status code."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost"):
        raise ValueError(f"a stand-in posts to loopback only, not to {url!r}")
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)
    try:
        connection.request("POST", parts.path or "/", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
