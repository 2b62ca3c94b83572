"""What is in the way is said in a sentence, before anything is started."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from mentorship import bootstrap, supervise
from mentorship.embedded import CannotStart, own_folder, socket_folder


def test_a_port_in_use_is_refused() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"Port {port} is in use .* PORT={port + 1}"):
            supervise.refuse_busy_port(port)
    supervise.refuse_busy_port(port)


def test_a_port_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(CannotStart, match="PORT must be a number"):
        supervise.read_port()


def test_a_data_folder_in_use_is_refused(tmp_path: Path) -> None:
    first, second = supervise.occupied(tmp_path), supervise.occupied(tmp_path)
    with first, pytest.raises(CannotStart, match=rf"already in use \(process {os.getpid()}\)"):
        second.__enter__()
    with supervise.occupied(tmp_path):  # free again
        pass


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match="data folder"):
        supervise.open_data_dir(str(tmp_path / "file" / "data"))


def test_a_folder_of_somebody_else_is_never_adopted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_folder(tmp_path / "trap")
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(CannotStart, match="belongs to user id"):
        own_folder(tmp_path / "trap")


def test_a_link_is_never_adopted(tmp_path: Path) -> None:
    (tmp_path / "trap").symlink_to(tmp_path)
    with pytest.raises(CannotStart, match="not a folder of the user"):
        own_folder(tmp_path / "trap")


def test_socket_paths_stay_short_however_long_the_checkout_is(tmp_path: Path) -> None:
    folder = socket_folder(tmp_path / ("long" * 50), "pg", None)
    assert len(str(folder / ".s.PGSQL.5432.lock")) < 107
    folder.rmdir()
    folder.parent.rmdir()


def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="DATABASE_URL is set, but"):
        supervise.check_database(f"postgresql://x@%2F{str(tmp_path)[1:].replace('/', '%2F')}/none")


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_venv_module_is_said_in_a_sentence(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SystemExit):
        bootstrap.check_python()
    said = capsys.readouterr().err
    assert f"`{module}` is missing" in said
    assert "apt install python3-venv" in said


def test_an_old_python_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit):
        bootstrap.check_python()
    assert "Python 3.11 or newer is needed" in capsys.readouterr().err


def test_the_secret_is_made_once_and_only_ours(tmp_path: Path) -> None:
    first = supervise.own_secret(tmp_path / "secret_key")
    assert len(first) >= 50
    assert supervise.own_secret(tmp_path / "secret_key") == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
