"""The guard as a process: small, quick to start, orderly to stop, clear about mistakes."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typer.testing import CliRunner

from ekc_telephony.cli.root import app
from lab.node import write_site
from lab.ports import PortBlock
from lab.runtime import PROJECT

GUARD = (sys.executable, "-m", "ekc_telephony.guard")
LONGEST_START_S = 0.3
MOST_MEMORY_KB = 30 * 1024
FORBIDDEN = ("ekc_telephony.core", "ekc_telephony.settings", "ekc_telephony.runtime", "structlog")


@contextmanager
def running_guard(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the guard against a port where nobody answers, and return it when it has begun."""
    file = folder / "guard.json"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        access = {"host": "127.0.0.1", "port": nobody.getsockname()[1], "user": "u", "secret": "s"}
        file.write_text(json.dumps(access))
        process = subprocess.Popen([*GUARD, str(file)], stderr=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def next_line(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stderr is not None
    line: dict[str, str] = json.loads(process.stderr.readline())
    return line


def test_it_starts_in_a_third_of_a_second_and_is_small(tmp_path: Path) -> None:
    started = time.monotonic()
    with running_guard(tmp_path) as guard:
        assert next_line(guard)["event"] == "guard starting"
        wall_s = time.monotonic() - started
        assert next_line(guard)["event"] == "no AMI connection"
        status = Path(f"/proc/{guard.pid}/status").read_text()
        fields = Path(f"/proc/{guard.pid}/stat").read_text().rpartition(")")[2].split()
    memory_kb = next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)
    cpu_s = sum(map(int, fields[11:13])) / 100
    figures = f"guard: start {wall_s:.3f} s, CPU {cpu_s:.2f} s, memory {memory_kb / 1024:.1f} MB"
    print(figures)  # noqa: T201 - measured for whoever runs it with -s
    assert memory_kb < MOST_MEMORY_KB
    # By the clock on the wall, a busy machine would be found guilty in its place.
    assert cpu_s <= LONGEST_START_S


def test_it_imports_nothing_of_the_engine() -> None:
    code = "import sys, ekc_telephony.guard.__main__; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=PROJECT
    ).stdout.split()
    assert [each for each in modules if each.startswith(FORBIDDEN)] == []


def test_sigterm_ends_it_in_order(tmp_path: Path) -> None:
    with running_guard(tmp_path) as guard:
        assert next_line(guard)["event"] == "guard starting"
        assert next_line(guard)["event"] == "no AMI connection"
        guard.send_signal(signal.SIGTERM)
        assert next_line(guard)["event"] == "guard stopped"
        assert guard.wait(60) == 0


def test_a_file_that_cannot_be_used_is_told_and_ends_it(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*GUARD, str(tmp_path / "guard.json")], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    line = json.loads(ended.stderr)
    assert line["event"] == "guard cannot work"
    assert "ekc conf render" in line["trouble"]


def test_without_a_file_it_says_how_it_is_used() -> None:
    ended = subprocess.run(GUARD, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "usage: python -m ekc_telephony.guard FILE" in ended.stderr


def test_ekc_guard_says_what_to_do_when_nothing_was_rendered(tmp_path: Path) -> None:
    config = write_site(tmp_path, ports=PortBlock(20000))
    told = CliRunner().invoke(app, ["guard", "--config", str(config)])
    assert told.exit_code == 1
    assert "guard.json is not there" in told.output
    assert "ekc conf render" in told.output


def test_ekc_guard_becomes_the_small_process(tmp_path: Path) -> None:
    config = write_site(tmp_path, ports=PortBlock(20000))
    folder = tmp_path / "asterisk"
    folder.mkdir()
    (folder / "guard.json").write_text("{}")
    ended = subprocess.run(
        [sys.executable, "-m", "ekc_telephony", "guard", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert ended.returncode == 1
    assert json.loads(ended.stderr)["event"] == "guard cannot work"
