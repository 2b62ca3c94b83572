"""The product as it runs: web, worker and beat as processes of their own, on the test's database and a Redis of theirs."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from django.db import connection

from mentorship import embedded
from mentorship.processes import Child, Group
from mentorship.supervise import answers, celery_command, product_child, web_command

STOPPED_IN = 15.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class House:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.group = folder, free_port(), Group(folder)
        self.server = embedded.redis(folder, durable=False)
        self.redis = Child.of(self.server, folder)
        self.address = f"http://localhost:{self.port}"

    def start(self) -> None:
        self.start_redis()
        env = self.environment()
        self.group.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], env)
        web = product_child(self.group, "web", env, web_command("127.0.0.1", self.port))
        beat = f"--schedule={self.folder / 'schedule'}"
        worker = celery_command("worker", "--beat", beat, "--concurrency=1", "--without-gossip", "--without-mingle")
        self.group.start(web)
        self.group.start(product_child(self.group, "worker", env, worker))
        self.group.wait(lambda: answers(self.port), web, 120)

    def environment(self) -> dict[str, str]:
        database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
        return dict(os.environ) | {
            "DATABASE_URL": database,
            "REDIS_URL": self.server.url,
            "DATA_DIR": str(self.folder),
            "BASE_URL": self.address,
            "MENTORSHIP_DEMO": "1",
        }

    def start_redis(self) -> None:
        self.redis.start()
        until(self.server.answers)

    def stop_redis(self) -> None:
        self.redis.ask_to_stop()
        self.redis.end(time.monotonic() + STOPPED_IN)
        assert not self.server.answers()

    def stop(self) -> None:
        self.group.stop()
        self.stop_redis()
        embedded.forget(self.folder)


def until(true: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


class Reader(requests.Session):
    """A browser without scripts that notes how long the slowest page took."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.slowest = address, 0.0

    def request(self, method, url, *args, **kwargs):  # type: ignore[no-untyped-def,override]
        start = time.monotonic()
        answer = super().request(method, urljoin(self.address, url), *args, timeout=30, **kwargs)
        self.slowest = max(self.slowest, time.monotonic() - start)
        assert answer.ok, f"{method} {url}: {answer.status_code}"
        return answer

    def submit(self, page: requests.Response, marker: str, **chosen: str) -> requests.Response:
        """Send the form on the page that contains the marker, as it is filled in, plus what was chosen."""
        forms = re.findall(r"<form(.*?)>(.*?)</form>", page.text, re.S)
        head, body = next((head, body) for head, body in forms if marker in head + body)
        action = re.search(r'action="([^"]*)"', head)
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body)
        url = urljoin(page.url, unescape(action[1])) if action else page.url
        return self.post(url, data={name: unescape(value) for name, value in hidden} | chosen)
