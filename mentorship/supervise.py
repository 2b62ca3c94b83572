"""Everything in one group: `python -m mentorship.supervise demo | test | services`. The Makefile's targets end here."""

from __future__ import annotations

import argparse
import errno
import fcntl
import hashlib
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mentorship.embedded import CannotStart, Server, forget, homes, make_database, postgres, redis
from mentorship.processes import MARK, Child, Group, Stopped, end_leftovers
from mentorship.progress import STARTED, Step, say

HOUSE = Path(__file__).resolve().parent.parent

READY = """
  Mentorship is ready:  {address}

  Sign in with the password  demo-password-1  as
    admin      admin@demo.test
    mentors    mia@demo.test, max@demo.test
    students   sam@demo.test, sue@demo.test, nia@demo.test (nothing bought yet), wim@demo.test (comes too late)

  Logs: {logs}    Stop: Ctrl-C
"""
STANDIN_ADDRESSES = ("STRIPE_API_BASE", "PAYPAL_BASE_URL", "PAYSTACK_BASE_URL")
STANDINS = """
  Besides the sandbox one can pay at stand-ins of Stripe, PayPal and Paystack, which run here and take no money:
    {addresses}
"""


# --- the three commands ---------------------------------------------------------------------------------------------


def demo() -> None:
    """The whole product with demo data, until Ctrl-C."""
    port = read_port()
    if os.environ.get("PROVIDERS") not in (None, "", "standins"):
        raise CannotStart("PROVIDERS can only be `standins` (or not be set): make demo PROVIDERS=standins")
    data_dir = open_data_dir(os.environ.get("DATA_DIR") or ".data")
    with occupied(data_dir):
        refuse_busy_port(port)
        group = Group(data_dir)
        group.listen()
        try:
            env = demo_environment(data_dir, port)
            serve_databases(group, env)
            prepare(group, env)
            if os.environ.get("PROVIDERS"):
                start_standins(group, env, port)
            start_product(group, env, port)
            print(READY.format(address=env["BASE_URL"], logs=data_dir / "log"), flush=True)
            if os.environ.get("PROVIDERS"):
                print(STANDINS.format(addresses=", ".join(env[name] for name in STANDIN_ADDRESSES)), flush=True)
            group.watch()
        except Stopped:
            pass
        finally:
            say("stopping")
            group.stop()
            say("stopped")


def services() -> None:
    """PostgreSQL and Redis for development, until Ctrl-C; prints what to export."""
    data_dir = open_data_dir(os.environ.get("DATA_DIR") or ".data/dev")
    with occupied(data_dir):
        group = Group(data_dir)
        group.listen()
        env: dict[str, str] = {}
        try:
            serve_databases(group, env)
            print(f"export DATABASE_URL='{env['DATABASE_URL']}' REDIS_URL='{env['REDIS_URL']}'", flush=True)
            group.watch()
        except Stopped:
            pass
        finally:
            group.stop()


def test(arguments: list[str]) -> int:
    """The test suite against throw-away servers in a folder of its own. Returns pytest's exit code."""
    browser = subprocess.run(
        [sys.executable, "-m", "tests.chromium"], cwd=HOUSE, stdout=subprocess.PIPE, text=True, check=False
    )
    if browser.returncode:
        return browser.returncode
    folder = Path(tempfile.mkdtemp(prefix="mentorship-test-")).resolve()
    folder.chmod(0o711)
    (folder / "static").mkdir()  # the tests serve static files from where they are written
    group = Group(folder)
    group.listen()
    try:
        env = dict(os.environ)
        env |= {
            "DATA_DIR": str(folder),
            "CHROMIUM": browser.stdout.strip(),
            "DJANGO_SETTINGS_MODULE": "mentorship.settings",
        }
        env.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
        env.setdefault("MENTORSHIP_DEMO", "1")
        serve_databases(group, env, durable=False)
        say("running the tests")
        return run_pytest(group, env, arguments)
    except Stopped:
        return 130
    finally:
        group.stop()
        forget(folder)


# --- steps ----------------------------------------------------------------------------------------------------------


def serve_databases(group: Group, env: dict[str, str], *, durable: bool = True) -> None:
    """Start the embedded servers that the environment does not name, and put their addresses into `env`."""
    data_dir = group.data_dir
    embedded: list[Server] = []
    with Step("PostgreSQL and Redis"):
        if not os.environ.get("DATABASE_URL"):
            embedded.append(postgres(data_dir, durable=durable, max_connections=200 if durable else 300))
            env["DATABASE_URL"] = embedded[-1].url
        else:
            check_database(os.environ["DATABASE_URL"])
        if not os.environ.get("REDIS_URL"):
            embedded.append(redis(data_dir, durable=durable))
            env["REDIS_URL"] = embedded[-1].url
        children = [Child.of(server, data_dir) for server in embedded]
        for child in children:
            group.start(child)
        for child, server in zip(children, embedded, strict=True):
            group.wait(server.answers, child, 120)
            if server.name == "postgres":
                make_database(server)


def prepare(group: Group, env: dict[str, str]) -> None:
    """Bring database, static files and demo data up to date, unless this code has done so with this data before."""
    done, state = group.data_dir / "prepared", state_of(group)
    if state and done.exists() and done.read_text() == state:
        return
    group.run([sys.executable, "-m", "mentorship.prepare"], env | {"STEPS_SINCE": str(STARTED), "LOG_LEVEL": "WARNING"})
    done.write_text(state_of(group))


def state_of(group: Group) -> str:
    """Changes with any file of ours and with the cluster; empty when the database is not the embedded one."""
    cluster = next((c.cwd / "PG_VERSION" for c in group.children if c.name == "postgres"), None)
    if cluster is None or not (group.data_dir / "static" / ".collected").exists():
        return ""
    digest = hashlib.sha256(f"{sys.version} {cluster} {cluster.stat().st_ctime_ns}".encode())
    for folder, folders, files in os.walk(HOUSE):
        skipped = {"__pycache__", "tests"} | ({group.data_dir.name} if group.data_dir.parent == Path(folder) else set())
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in skipped)
        for name in sorted(files):
            found = os.stat(os.path.join(folder, name))
            digest.update(f"{folder}/{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def start_standins(group: Group, env: dict[str, str], port: int) -> None:
    """Stripe, PayPal and Paystack on free ports of this machine, and the settings that lead there into `env`.

    Not imported but started: what the tests own is no part of the product.
    """
    written = group.data_dir / "standins.json"
    written.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "tests.standins", "--site", f"http://localhost:{port}", "--write", str(written)]
    with Step("stand-ins of Stripe, PayPal and Paystack"):
        standins = product_child(group, "standins", env, argv)
        group.start(standins)
        group.wait(written.exists, standins, 60)
        env |= json.loads(written.read_text())


def start_product(group: Group, env: dict[str, str], port: int) -> None:
    with Step("web server"):
        web = product_child(group, "web", env, web_command("127.0.0.1", port))
        group.start(web)
        group.wait(lambda: answers(port), web, 180)
    # After it answers: on two cores the three would only keep each other waiting.
    folder = group.data_dir / "beat"
    folder.mkdir(mode=0o700, exist_ok=True)
    group.start(product_child(group, "worker", env, celery_command("worker", "--concurrency=2", "--without-gossip")))
    group.start(product_child(group, "beat", env, celery_command("beat", f"--schedule={folder / 'schedule'}")))


def product_child(group: Group, name: str, env: dict[str, str], argv: list[str]) -> Child:
    log = group.data_dir / "log" / f"{name}.log"
    return Child(name=name, argv=argv, env=env | {MARK: str(group.data_dir)}, cwd=HOUSE, log=log)


def web_command(host: str, port: int) -> list[str]:
    """Two processes with four threads each: on two cores the fastest of those measured."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", "2", "--blocking-threads", "4", "--no-ws", "--http", "1", "--log-level", "warning"),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "5"),
        "mentorship.wsgi:application",
    ]


def celery_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "mentorship", *arguments, "--loglevel=WARNING"]


def run_pytest(group: Group, env: dict[str, str], arguments: list[str]) -> int:
    # In our own process group: Ctrl-C reaches it directly, and a debugger has the terminal.
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", *arguments]
    pytest = subprocess.Popen(command, cwd=HOUSE, env=env | {MARK: str(group.data_dir)})
    while pytest.poll() is None:
        try:
            group.check()
            time.sleep(0.2)
        except Stopped:
            with suppress(subprocess.TimeoutExpired):  # a Ctrl-C has reached it too, a SIGTERM has not
                pytest.wait(5)
            pytest.terminate()
            pytest.wait()
            raise
    return pytest.returncode


# --- what may be in the way -----------------------------------------------------------------------------------------


def read_port() -> int:
    written = os.environ.get("PORT") or "8000"
    if not written.isdigit() or not 0 < int(written) < 65536:
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {written!r}.")
    return int(written)


def refuse_busy_port(port: int) -> None:
    """Refuse a port where somebody listens already, on either of the addresses that `localhost` may mean."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except PermissionError:
            raise CannotStart(f"Port {port} needs root. Choose one above 1023: make demo PORT=8001") from None
        except OSError as wrong:
            if wrong.errno == errno.EADDRINUSE:
                raise CannotStart(
                    f"Port {port} is in use by another program. Stop it, or choose another: make demo PORT={port + 1}"
                ) from None
            # no IPv6 on this machine: nobody can be in the way there


def open_data_dir(written: str) -> Path:
    """Make the data folder when it is not there. Root's may be passed through, for PostgreSQL runs as somebody else."""
    data_dir = Path(written).expanduser().resolve()
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        for folder in reversed([data_dir, *data_dir.parents]):
            if not folder.exists():
                folder.mkdir(mode=mode)
    except OSError as wrong:
        raise CannotStart(f"Cannot create the data folder {data_dir}: {wrong.strerror}.") from None
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise CannotStart(
            f"The data folder {data_dir} belongs to another user. Name another one: make demo DATA_DIR=..."
        )
    return data_dir


@contextmanager
def occupied(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for ourselves. The kernel drops the lock when we die, however we die."""
    try:
        lock = (data_dir / "lock").open("a+")
    except OSError as wrong:
        raise CannotStart(f"The data folder {data_dir} cannot be used: {wrong.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise CannotStart(
                f"The data folder {data_dir} is already in use (process {lock.read().strip() or 'unknown'}). "
                "Stop that one, or name another folder: make demo DATA_DIR=.data2 PORT=8001"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        if end_leftovers(data_dir, homes(data_dir)):
            say("ended what an earlier run had left behind")
        yield


def check_database(url: str) -> None:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as wrong:
        raise CannotStart(f"DATABASE_URL is set, but that database does not answer: {str(wrong).strip()}") from None


def demo_environment(data_dir: Path, port: int) -> dict[str, str]:
    return dict(os.environ) | {
        "DJANGO_SETTINGS_MODULE": "mentorship.settings",
        "MENTORSHIP_DEMO": "1",
        "BASE_URL": os.environ.get("BASE_URL") or f"http://localhost:{port}",
        "PORT": str(port),
        "DATA_DIR": str(data_dir),
        "SECRET_KEY": os.environ.get("SECRET_KEY") or own_secret(data_dir / "secret_key"),
        "PYTHONUNBUFFERED": "1",
    }


def own_secret(path: Path) -> str:
    """Made on the first start and kept, so that a restart signs nobody out."""
    if not path.exists() or not path.read_text().strip():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m mentorship.supervise", description=__doc__)
    parser.add_argument("command", choices=["demo", "services", "test"])
    arguments, rest = parser.parse_known_args()
    try:
        if arguments.command == "test":
            return test(rest)
        {"demo": demo, "services": services}[arguments.command]()
    except CannotStart as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
