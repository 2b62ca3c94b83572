"""Finds the Chromium that the browser tests drive, or installs one: `python -m tests.chromium` prints its path."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The one named by CHROMIUM, one on the PATH, or playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if os.access(named, os.X_OK) else None
    on_path = next((found for name in NAMES if (found := shutil.which(name))), None)
    return on_path or playwrights_own()


def playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> str | None:
    """By the machine's package manager when we may use it, else playwright's download."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        for command in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(
                ["apt-get", *command], env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
            )
        if found := find():
            return found
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], stdout=sys.stderr, check=False)
    return find()


def main() -> int:
    if os.environ.get("CHROMIUM") and not find():
        print(f"CHROMIUM names {os.environ['CHROMIUM']}, which is not a program.", file=sys.stderr)
        return 1
    path = find()
    if path is None:
        print("No Chromium found; installing one for the browser tests.", file=sys.stderr)
        path = install()
    if path is None:
        print(
            "The browser tests need Chromium, and it could not be installed. Install it (Debian: apt install chromium) "
            "or name it with CHROMIUM=/path/to/chromium.",
            file=sys.stderr,
        )
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
