"""A supervised group of processes: started, watched, restarted, and ended together so that none is left behind."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mentorship import embedded

MARK = "MENTORSHIP_HOUSE"  # every child carries it in its environment: the data folder it belongs to
IMPORTANT = re.compile(r"\b(ERROR|CRITICAL|PANIC)\b|\[(error|critical) *\]")
SAID_ONCE = 60.0  # seconds in which the same complaint is not printed again; all of it is in the log
LOG_LIMIT = 20_000_000
SERVERS = {"postgres", "redis-server", "valkey-server"}
LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """One process of the group. It leads a session of its own, so a Ctrl-C reaches us first and we end it in order."""

    name: str
    argv: list[str]
    env: dict[str, str]
    cwd: Path
    log: Path
    stop_signal: int = signal.SIGTERM
    run_as: tuple[int, int] | None = None
    patience: float = 10.0
    sockets: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float | None = None
    read_to: int = field(default=0, repr=False)
    said: dict[str, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, server: embedded.Server, data_dir: Path) -> Child:
        return cls(
            name=server.name,
            argv=server.argv,
            env=server.env | {MARK: str(data_dir)},
            cwd=server.cwd,
            log=data_dir / "log" / f"{server.name}.log",
            stop_signal=server.stop_signal,
            run_as=server.run_as,
            patience=60.0,
            sockets=server.sockets,
        )

    def start(self) -> None:
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.restart_at = None
        with self.log.open("ab") as log:
            self.read_to = log.tell()
            self.process = subprocess.Popen(
                self.argv,
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_dies_with_us(self.stop_signal, os.getpid()),
                **embedded.as_user(self.run_as),
            )
        self.started_at = time.monotonic()

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.runs:
            self.process.send_signal(self.stop_signal)

    def end(self, deadline: float) -> None:
        """Wait until it has ended; after the deadline it is killed, with everything it started."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill_group(self.process.pid)
            self.process.wait()
        _kill_group(self.process.pid)  # what it left: a worker of a web server that was killed

    def last_words(self, lines: int = 15) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def show_important(self) -> None:
        """Print new lines of its log that somebody should see."""
        with self.log.open("rb") as log:
            log.seek(self.read_to)
            new = log.read(1_000_000)
        whole = new[: new.rfind(b"\n") + 1]
        self.read_to += len(whole)
        important = [line for line in whole.decode(errors="replace").splitlines() if IMPORTANT.search(line)]
        if self.name == "postgres":  # an ERROR there is a constraint doing its work; the code answers it
            important = [line for line in important if "PANIC" in line]
        now = time.monotonic()
        for line in important:
            gist = re.sub(r"[0-9a-f-]*[0-9][0-9a-f-]*", "#", line)  # without its times and ids
            if now - self.said.get(gist, -SAID_ONCE) >= SAID_ONCE:
                self.said[gist] = now
                print(f"{self.name:>8} | {line[:300]}", flush=True)


class Group:
    """Children in the order they are started; stopped in the opposite one, servers last."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.children: list[Child] = []
        self.stopping = False

    def listen(self) -> None:
        """Ctrl-C, SIGTERM and a closed terminal end the group in order."""
        signal.signal(signal.SIGINT, self._asked)
        signal.signal(signal.SIGTERM, self._asked)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._asked)
        if LINUX and "MAKELEVEL" in os.environ:  # `kill -9` of make ends us too
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    def check(self) -> None:
        """Raises Stopped once somebody asked to stop."""
        if not self.stopping and _make_was_interrupted():
            self.stopping = True
        if self.stopping:
            raise Stopped

    def _asked(self, *_: object) -> None:
        if not self.stopping:
            self.stopping = True
            return
        for child in self.children:  # asked twice: in a hurry. Servers still get their time, data is at stake.
            if child.patience < 60 and child.process:
                _kill_group(child.process.pid)

    def start(self, child: Child) -> None:
        self.check()
        self.children.append(child)
        child.start()

    def serve(self, server: embedded.Server, seconds: float = 60.0) -> Child:
        """Start an embedded server and wait until it answers."""
        child = Child.of(server, self.data_dir)
        self.start(child)
        self.wait(server.answers, child, seconds)
        return child

    def wait(self, ready: Callable[[], bool], child: Child, seconds: float) -> None:
        """Until `ready()`. Raises CannotStart with the child's last words when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if not child.runs or time.monotonic() > deadline:
                what = "did not answer in time" if child.runs else "ended at once"
                raise embedded.CannotStart(f"{child.name} {what}. Its last words ({child.log}):\n{child.last_words()}")
            time.sleep(0.05)

    def run(self, argv: list[str], env: dict[str, str], log: Path | None = None) -> None:
        """A step that must succeed, such as migrate. Its output goes to the terminal, or to a log shown if it fails."""
        with log.open("wb") if log else nullcontext() as out:
            step = subprocess.Popen(
                argv,
                env=env | {MARK: str(self.data_dir)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=_dies_with_us(signal.SIGTERM, os.getpid()),
            )
            try:
                while step.poll() is None:
                    self.check()
                    time.sleep(0.05)
            except Stopped:
                _kill_group(step.pid)
                step.wait()
                raise
        if step.returncode:
            words = "\n".join(log.read_text(errors="replace").splitlines()[-25:]) if log else "See above."
            raise embedded.CannotStart(f"`{' '.join(argv[1:])}` failed.\n{words}")

    def watch(self) -> None:
        """Restart what ends, print what is important; until somebody asks to stop, which raises Stopped."""
        while True:
            self.check()
            for child in self.children:
                self.look_after(child)
            time.sleep(0.2)

    def look_after(self, child: Child) -> None:
        now = time.monotonic()
        child.show_important()
        if child.restart_at is None and not child.runs and child.process:
            _kill_group(child.process.pid)
            child.failures = 0 if now - child.started_at > 30 else child.failures + 1
            delay = min(30.0, 0.5 * 2**child.failures) if child.failures else 0.0
            child.restart_at = now + delay
            print(
                f"{child.name:>8} | ended ({_how(child.process.returncode)}), starting again in {delay:.0f} s",
                flush=True,
            )
        if child.restart_at is not None and now >= child.restart_at and not self.stopping:
            child.start()

    def stop(self) -> None:
        """End everything: first what works on data, then the servers that keep it."""
        self.stopping = True
        servers = [c for c in self.children if c.patience >= 60]
        for some in ([c for c in self.children if c not in servers], servers):
            for child in some:
                child.ask_to_stop()
            deadline = time.monotonic() + max((c.patience for c in some), default=0)
            for child in some:
                child.end(deadline)
        end_leftovers(self.data_dir, ())
        for child in servers:
            if child.sockets:
                with suppress(OSError):
                    child.sockets.rmdir()
                    child.sockets.parent.rmdir()  # refused while the other server's is still there


class Stopped(Exception):
    """Somebody asked to stop while things were still starting."""


def end_leftovers(data_dir: Path, homes: tuple[Path, ...]) -> int:
    """End what an earlier, killed run on this data folder left behind. Only with the data folder's lock in hand.

    Ours is who carries the data folder's mark in its environment, or is a database server that lives in `homes`
    (servers overwrite the memory that shows their environment). Returns how many there were.
    """
    found = [pid for pid in _processes() if _carries(pid, data_dir) or _serves(pid, homes)]
    for number, seconds in ((signal.SIGINT, 8.0), (signal.SIGTERM, 4.0), (signal.SIGKILL, 4.0)):
        left = [pid for pid in found if _lives(pid)]
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        deadline = time.monotonic() + (seconds if left else 0)
        while time.monotonic() < deadline and any(map(_lives, left)):
            time.sleep(0.05)
    return len(found)


# --- small parts ----------------------------------------------------------------------------------------------------


def _dies_with_us(number: int, parent: int) -> Callable[[], None] | None:
    if not LINUX:
        return None
    libc = ctypes.CDLL(None)  # loaded here: after the fork as little as possible may happen

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return before_exec


def _make_was_interrupted() -> bool:
    """A SIGINT or SIGHUP sent to make alone (not Ctrl-C, which reaches us too) makes it wait for us without a word.

    It waits inside its handler, where the kernel shows the signal as blocked.
    """
    if not LINUX or "MAKELEVEL" not in os.environ:
        return False
    try:
        lines = Path(f"/proc/{os.getppid()}/status").read_text().splitlines()
    except OSError:
        return False
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    blocked = int(fields.get("SigBlk", "0").strip() or "0", 16)
    asked = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGHUP - 1)
    return fields.get("Name", "").strip() == "make" and bool(blocked & asked)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _processes() -> list[int]:
    if not LINUX:
        return []
    mine, pid = {os.getpid()}, os.getppid()
    while pid > 1:  # neither ourselves nor who started us
        mine.add(pid)
        pid = int(_stat(pid)[1]) if _stat(pid) else 0
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and int(entry) not in mine]


def _stat(pid: int) -> list[str]:
    """State, parent, group, ... The name before them may contain anything, a bracket too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _lives(pid: int) -> bool:
    return _stat(pid)[:1] not in ([], ["Z"], ["X"])


def _carries(pid: int, data_dir: Path) -> bool:
    try:
        return f"{MARK}={data_dir}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _serves(pid: int, homes: tuple[Path, ...]) -> bool:
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        return name in SERVERS and Path(os.readlink(f"/proc/{pid}/cwd")) in homes
    except OSError:
        return False


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
