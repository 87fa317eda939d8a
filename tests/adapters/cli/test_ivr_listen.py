"""
`ekc ivr run --listen` with a player of our own: a program that is called `aplay` and found first.

What it is given to play is what `--wav` writes; what becomes of it is told, and it never outlives
the command. The same was seen by hand with Debian's own `aplay` and ALSA's `file` plugin.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).parents[3]
LONG_S: Final = 60
CALL: Final = ("--at", "2026-03-02 12:00", "--keys", "1,h")


class Desk:
    """Where somebody sits who listens: his programs, his folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs, self.scratch = folder / "programs", folder / "scratch"
        self.programs.mkdir()
        self.scratch.mkdir()

    def install(self, *lines: str) -> None:
        """Let there be a player."""
        player = self.programs / "aplay"
        player.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
        player.chmod(0o755)

    @property
    def command(self) -> list[str]:
        config = ("--config", str(PROJECT / "ekc.yaml"))
        return [sys.executable, "-m", "ekc_telephony", "ivr", "run", "hotline", "--listen", *config]

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            **os.environ,
            "PATH": str(self.programs),
            "PYTHONPATH": str(PROJECT),
            "TMPDIR": str(self.scratch),
        }

    def run(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *words],
            cwd=self.folder,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=LONG_S,
            check=False,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_player_is_given_what_the_caller_hears(desk: Desk) -> None:
    desk.install(f'/bin/cp "$2" {desk.folder}/played.wav', "echo noise")
    ended = desk.run(*CALL, "--wav", "written.wav", "--json")
    assert ended.returncode == 0, ended.stderr
    assert (desk.folder / "played.wav").read_bytes() == (desk.folder / "written.wav").read_bytes()
    assert ended.stdout.startswith("{")
    assert "noise" not in ended.stdout
    assert not list(desk.scratch.iterdir())


def test_what_comes_next_cuts_short_what_is_played(desk: Desk) -> None:
    """The player says so when it is told to end, with a failure, as `aplay` does."""
    desk.install(
        "/bin/sleep 600 &",
        f"trap 'kill $!; echo cut >> {desk.folder}/cuts; exit 1' TERM",
        f"echo playing > {desk.folder}/plays",
        "wait",
    )
    os.mkfifo(desk.folder / "plays")
    with subprocess.Popen(
        [*desk.command, "--at", "2026-03-02 12:00"],
        cwd=desk.folder,
        env=desk.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as talking:
        assert talking.stdin is not None
        for typed in ("", "1", "h"):  # listen on; press a key; hang up
            (desk.folder / "plays").read_text(encoding="utf-8")
            talking.stdin.write(f"{typed}\n")
            talking.stdin.flush()
        _, complaints = talking.communicate("", timeout=LONG_S)
    assert talking.returncode == 0, complaints
    assert complaints == ""
    assert (desk.folder / "cuts").read_text(encoding="utf-8") == "cut\n" * 3


def test_without_a_player_it_is_written_into_a_file(desk: Desk) -> None:
    ended = desk.run(*CALL)
    assert ended.returncode == 0
    said = "found no player (aplay, paplay, ffplay, play): nothing was played; hotline.wav is"
    assert said in ended.stderr
    assert (desk.folder / "hotline.wav").stat().st_size > 100_000


def test_a_player_without_a_sound_card_is_not_taken_for_silence(desk: Desk) -> None:
    desk.install("echo 'audio open error: No such file or directory' >&2", "exit 1")
    ended = desk.run(*CALL)
    assert ended.returncode == 0
    assert "audio open error" in ended.stderr
    assert "aplay ended with 1: nothing was played; hotline.wav is written" in ended.stderr
    assert (desk.folder / "hotline.wav").stat().st_size > 100_000


@pytest.mark.parametrize("obeys", [True, False])
def test_ctrl_c_ends_the_player_too(desk: Desk, *, obeys: bool) -> None:
    os.mkfifo(desk.folder / "plays")
    stubborn = [] if obeys else ["trap '' TERM INT"]
    desk.install(*stubborn, f"echo $$ > {desk.folder}/plays", "exec /bin/sleep 600")
    with subprocess.Popen(
        [*desk.command, *CALL],
        cwd=desk.folder,
        env=desk.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as listening:
        player = int((desk.folder / "plays").read_text(encoding="utf-8"))
        listening.send_signal(signal.SIGINT)
        assert listening.wait(LONG_S) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(player, 0)
    assert not list(desk.scratch.iterdir())
    assert not (desk.folder / "hotline.wav").exists()
