"""`ekc` knows all verbs and imports the one that is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from ekc_telephony.cli.root import app


def modules_of(*words: str) -> set[str]:
    """Return what `ekc` has imported when it is done."""
    code = (
        "import sys; from ekc_telephony.__main__ import main; sys.argv[1:] = sys.argv[2:]\n"
        "try: main()\nfinally: print('\\n', *sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "ekc", *words]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=True, text=True)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("verb", ["serve", "guard", "wallboard"])
def test_a_verb_is_begun_without_what_only_others_need(verb: str) -> None:
    others = {"serve", "guard", "wallboard", "stats", "simulate", "conf", "ivr.group"} - {verb}
    modules = modules_of(verb, "--help")
    assert f"ekc_telephony.cli.{verb}" in modules
    assert not modules & {f"ekc_telephony.cli.{each}" for each in others}


def test_help_tells_what_every_verb_is_for() -> None:
    told = CliRunner().invoke(app, ["--help"]).stdout
    for verb, purpose in (
        ("serve", "Run the engine"),
        ("supervise", "Ring a supervisor"),
        ("ivr", "Scripts"),
        ("conf", "The configuration"),
    ):
        assert f"{verb} " in told
        assert purpose in told


def test_a_slip_of_the_pen_is_told_with_what_may_be_meant() -> None:
    told = CliRunner().invoke(app, ["serv"])
    assert told.exit_code == 2
    assert "Did you mean 'serve'" in told.stderr
