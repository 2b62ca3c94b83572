"""PostgreSQL and Redis out of the wheels: they start, keep what they were told, and end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from mentorship import embedded, supervise
from mentorship.kernel import database_url
from mentorship.processes import Group, end_leftovers

pytestmark = pytest.mark.slow


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    # pytest's folders are closed to others, so root's PostgreSQL cannot enter: it must go to its private folder.
    folder = tmp_path / ("a long name " * 12).strip()
    folder.mkdir(mode=0o711)
    yield folder
    assert end_leftovers(folder, embedded.homes(folder)) == 0, "a process was left behind"
    embedded.forget(folder)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


def started(data_dir: Path) -> tuple[Group, dict[str, str]]:
    group, addresses = Group(data_dir), dict[str, str]()
    supervise.serve_databases(group, addresses)
    return group, addresses


@pytest.mark.usefixtures("alone")
def test_what_was_written_is_there_after_a_restart(data_dir: Path) -> None:
    group, addresses = started(data_dir)
    with psycopg.connect(addresses["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS words")
    Redis.from_url(addresses["REDIS_URL"]).set("note", "kept")
    group.stop()

    group, addresses = started(data_dir)
    try:
        with psycopg.connect(addresses["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT words FROM note").fetchone() == ("kept",)
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert Redis.from_url(addresses["REDIS_URL"]).get("note") == b"kept"
        parsed = database_url.parse(addresses["DATABASE_URL"])
        assert Path(parsed["HOST"]).is_dir()
        assert parsed["NAME"] == "mentorship"
    finally:
        group.stop()


@pytest.mark.usefixtures("alone")
def test_nobody_else_may_enter_the_socket_folders(data_dir: Path) -> None:
    group, addresses = started(data_dir)
    try:
        sockets = Path(database_url.parse(addresses["DATABASE_URL"])["HOST"])
        assert sockets.stat().st_mode & 0o077 == 0
        assert len(str(sockets / ".s.PGSQL.5432.lock")) < 107
        assert (data_dir / "redis").stat().st_mode & 0o077 == 0
    finally:
        group.stop()


def test_the_next_start_recovers_from_a_killed_one(data_dir: Path) -> None:
    first = services(data_dir)
    first.kill()  # the supervisor alone: no clean-up of any kind
    first.wait()
    second = services(data_dir)
    second.send_signal(signal.SIGINT)
    assert second.wait(60) == 0
    assert not (embedded.SOCKETS / f"mentorship-{embedded.mark(data_dir)}").exists()


def test_a_second_start_on_the_same_folder_is_refused(data_dir: Path) -> None:
    first = services(data_dir)
    try:
        second = subprocess.run(
            COMMAND, env=environment(data_dir), capture_output=True, text=True, timeout=60, check=False
        )
        assert second.returncode == 1
        assert "already in use" in second.stderr
        assert "Traceback" not in second.stderr
    finally:
        first.send_signal(signal.SIGTERM)
        first.wait(30)


COMMAND = [sys.executable, "-m", "mentorship.supervise", "services"]


def environment(data_dir: Path) -> dict[str, str]:
    hidden = {"DATABASE_URL", "REDIS_URL", "MAKELEVEL"}
    return {name: value for name, value in os.environ.items() if name not in hidden} | {"DATA_DIR": str(data_dir)}


def services(data_dir: Path) -> subprocess.Popen[bytes]:
    """Started in a process of its own, and ready."""
    said = data_dir.with_name("said")
    with said.open("w") as out:
        process = subprocess.Popen(COMMAND, env=environment(data_dir), stdout=out)
    deadline = time.monotonic() + 90
    while "export DATABASE_URL=" not in said.read_text():
        assert process.poll() is None and time.monotonic() < deadline, said.read_text()
        time.sleep(0.05)
    return process
