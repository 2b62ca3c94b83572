"""Makes `.venv` from a lock file: `python3 -I mentorship/bootstrap.py requirements.lock`. Standard library only.

It runs before anything is installed, perhaps by a Python that is too old: hence no import of ours, and plain syntax.
"""

import hashlib
import os
import re
import subprocess
import sys
import time
from typing import NoReturn

LEAST = (3, 11)
HOUSE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(HOUSE, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, ".installed")


def refuse(sentence: str) -> NoReturn:
    sys.stderr.write("\n" + sentence + "\n")
    sys.exit(1)


def check_python() -> None:
    """Refuse a Python that cannot make the environment, with what to do about it."""
    version = "%d.%d" % sys.version_info[:2]
    if sys.version_info < LEAST:
        refuse(
            f"Python {LEAST[0]}.{LEAST[1]} or newer is needed; {sys.executable} is {version}. "
            "Name another one with: make demo PYTHON=/path/to/python3"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as missing:
        refuse(
            f"Python's module `{missing.name}` is missing, and the demo needs it to make its own environment. "
            f"On Debian and Ubuntu: apt install python3-venv (or python{version}-venv). "
            "Then run the same command again."
        )


def stamp_of(lock: str) -> str:
    """What must be unchanged for the environment to be still right: the lock, the Python, the place."""
    with open(os.path.join(HOUSE, lock), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return f"{lock} {digest} {sys.version_info[0]}.{sys.version_info[1]} {VENV}"


def installed(lock: str) -> bool:
    if not os.access(VENV_PYTHON, os.X_OK) or not os.path.exists(STAMP):
        return False
    with open(STAMP) as file:
        return stamp_of(lock) in file.read().splitlines()


def make_venv() -> None:
    say("making .venv")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", VENV], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if made.returncode:
        sys.stderr.write(made.stdout.decode(errors="replace"))
        refuse(
            "Python could not make a virtual environment (its own words are above). "
            "On Debian and Ubuntu this usually helps: apt install python3-venv"
        )


def pip_works() -> bool:
    try:
        return (
            subprocess.run(
                [VENV_PYTHON, "-m", "pip", "--version"],
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ).returncode
            == 0
        )
    except OSError:  # the Python it was made with is gone
        return False


def install(lock: str) -> None:
    """Install exactly what the lock names, each file checked against its hash; show how far it is."""
    with open(os.path.join(HOUSE, lock)) as file:
        entries = re.split(r"\n(?=[A-Za-z0-9])", file.read())
    entries = [entry for entry in entries if entry[0].isalnum()]
    say(f"installing {len(entries)} packages from {lock}")
    # Two at once, because pip uses one core: the lock is complete (--no-deps), so the halves know nothing of each other.
    # --no-compile: Python compiles what is used, when it is used.
    command = [
        VENV_PYTHON,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--require-hashes",
        "--no-compile",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
        "-r",
    ]
    environment = dict(os.environ, PIP_USER="0", PYTHONUNBUFFERED="1")
    halves = []
    for number in range(2):
        part = os.path.join(VENV, f"half-{number}.lock")
        with open(part, "w") as file:
            file.write("\n".join(entries[number::2]) + "\n")
        log = open(part + ".log", "w+", errors="replace")
        halves.append((subprocess.Popen([*command, part], cwd=HOUSE, env=environment, stdout=log, stderr=log), log))
    shown = 0
    while any(pip.poll() is None for pip, _ in halves):
        time.sleep(0.3)
        shown = show_progress([log.name for _, log in halves], len(entries), shown)
    for pip, log in halves:
        if pip.returncode:
            log.seek(0)
            sys.stderr.write("".join(log.readlines()[-30:]))
            refuse(f"The packages of {lock} could not be installed (pip's own words are above). Is the network there?")


def show_progress(logs: list, total: int, shown: int) -> int:
    seen = 0
    for name in logs:
        with open(name, errors="replace") as log:
            seen += sum(line.startswith(("Collecting ", "Requirement already", "Ignoring ")) for line in log)
    if seen != shown:
        if sys.stdout.isatty():
            sys.stdout.write(f"\r\033[K  {seen}/{total}" if seen < total else "\r\033[K")
        elif seen // 20 > shown // 20:
            say(f"  {seen}/{total}")
        if seen >= total:
            say("unpacking")
    return seen


def say(what: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.1f} s] {what}", flush=True)


def main(lock: str) -> None:
    check_python()
    if installed(lock):
        return
    import fcntl

    os.makedirs(VENV, exist_ok=True)
    # Two starts at the same time: the second waits, then finds the work done. The lock is held on the checkout itself.
    holder = os.open(HOUSE, os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say("waiting for another installation in this folder")
        fcntl.flock(holder, fcntl.LOCK_EX)
    if installed(lock):
        return
    interrupted = os.path.exists(STAMP) and os.path.getsize(STAMP) == 0  # then a package may be there by half
    same_python = os.path.isdir(os.path.join(VENV, "lib", "python%d.%d" % sys.version_info[:2]))
    if interrupted or not same_python or not pip_works():
        make_venv()
    # The stamp goes first and comes back last: an interrupted installation is never taken for a finished one.
    with open(STAMP, "w") as file:
        file.write("")
    install(lock)
    stamps = [stamp_of(lock)]
    if lock == "requirements-dev.lock":
        stamps.append(stamp_of("requirements.lock"))  # it contains the other one
    with open(STAMP, "w") as file:
        file.write("\n".join(stamps) + "\n")
    say("installed")


STARTED = time.monotonic()

if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "requirements.lock")
    except KeyboardInterrupt:
        refuse("Stopped. The same command goes on from here.")
    except OSError as wrong:
        refuse(f"Cannot make the environment: {wrong}")
