"""The supervised group: what ends is started again, what must end does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mentorship.processes import MARK, Child, Group, Stopped, end_leftovers

FOREVER = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def child(folder: Path, code: str, name: str = "one", patience: float = 0.3) -> Child:
    env = {"PATH": os.environ["PATH"], MARK: str(folder)}
    log = folder / "log" / f"{name}.log"
    return Child(name, [sys.executable, "-c", code], env, folder, log, patience=patience)


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_child_that_ends_is_started_again(tmp_path: Path) -> None:
    group = Group(tmp_path)
    short = child(tmp_path, "print('ran', flush=True)")
    group.start(short)

    def ran_twice() -> bool:
        group.look_after(short)
        return short.log.read_text().count("ran") >= 2

    until(ran_twice)
    group.stop()


def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    group = Group(tmp_path)
    stubborn = child(tmp_path, FOREVER)
    group.start(stubborn)
    until(lambda: "up" in stubborn.log.read_text())
    group.stop()
    assert not stubborn.runs


def test_a_child_that_cannot_start_says_why(tmp_path: Path) -> None:
    group = Group(tmp_path)
    broken = child(tmp_path, "raise SystemExit('no space left')")
    group.start(broken)
    with pytest.raises(Exception, match="no space left"):
        group.wait(lambda: False, broken, 20)


def test_nothing_is_started_once_we_were_asked_to_stop(tmp_path: Path) -> None:
    group = Group(tmp_path)
    group.stopping = True
    with pytest.raises(Stopped):
        group.start(child(tmp_path, FOREVER))


def test_only_what_belongs_to_this_folder_is_ended(tmp_path: Path) -> None:
    ours, theirs = [
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env={MARK: str(tmp_path / name)})
        for name in ("mine", "other")
    ]
    try:
        until(lambda: Path(f"/proc/{ours.pid}/environ").read_bytes().startswith(MARK.encode()))
        assert end_leftovers(tmp_path / "mine", ()) == 1
        assert ours.wait(5) != 0
        assert theirs.poll() is None
    finally:
        theirs.kill()
        theirs.wait()
        ours.kill()


def test_the_same_complaint_is_printed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noisy = child(tmp_path, "")
    noisy.log.parent.mkdir()
    noisy.log.write_text("12:00:01 [error    ] job 4f9a failed\n12:00:06 [error    ] job 77b1 failed\nall is well\n")
    noisy.show_important()
    assert capsys.readouterr().out.count("failed") == 1
