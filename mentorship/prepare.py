"""What the demo needs before it starts, in one process: loading Django once instead of three times is most of the time."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from mentorship.progress import Step


def main() -> int:
    django.setup()
    logs = Path(settings.DATA_DIR) / "log"
    logs.mkdir(mode=0o700, exist_ok=True)
    collector = collect_static(logs / "collectstatic.log")
    with Step("database tables"), (logs / "migrate.log").open("w") as log:
        call_command("migrate", interactive=False, stdout=log, stderr=log)
    with Step("demo data"):
        call_command("seed_demo")
    if collector:
        with Step("static files"):
            _, status = os.waitpid(collector, 0)
        if status:
            print(f"Collecting the static files failed:\n{(logs / 'collectstatic.log').read_text()[-3000:]}")
            return 1
    return 0


def collect_static(log: Path) -> int | None:
    """Collect the static files if one has changed, on the second core. Returns the process to wait for."""
    stamp, state = Path(settings.STATIC_ROOT) / ".collected", static_state()
    if stamp.exists() and stamp.read_text() == state:
        return None
    child = os.fork()  # before any database connection is open
    if child:
        return child
    code = 1
    try:
        with log.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
            call_command("collectstatic", interactive=False)
        stamp.write_text(state)
        code = 0
    finally:
        os._exit(code)  # not through the parent's clean-up


def static_state() -> str:
    """Changes when a file is added, removed or written to."""
    digest = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = os.stat(storage.path(path))
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
