"""`ekc services` as an admin meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.cli.root import app
from lab.information_systems.faults import Fault
from lab.information_systems.server import InformationSystems, running_information_systems
from lab.runtime import PROJECT

SECRET = "Bearer hunter2"


@pytest.fixture
def systems() -> Iterator[InformationSystems]:
    with running_information_systems(bearer="hunter2") as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, systems: InformationSystems) -> Path:
    (tmp_path / "ivr_scripts").mkdir()
    (tmp_path / "ivr_scripts" / "hotline.yaml").touch()
    sample = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
    head, _, rest = sample.partition("services:")
    _, schedules, rest = rest.partition("schedules:\n")
    url = systems.url("cases/status")
    services = (
        f"services:\n  - {{id: status, url: '{url}', secret_header: Authorization}}\n"
        "  - {id: open, url: 'https://is.example/{region}', public: [region], method: GET}\n"
    )
    file = tmp_path / "ekc.yaml"
    file.write_text(head + services + schedules + rest, encoding="utf-8")
    return file


def run(config: Path, *words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["services", *words, "--config", str(config)], input=typed)


def test_a_secret_is_kept_and_used(config: Path) -> None:
    assert "SECRET MISSING" in run(config, "list").output
    kept = run(config, "secret", "status", typed=f"{SECRET}\n")
    assert kept.exit_code == 0
    assert "hunter2" not in kept.output
    file = config.parent / ".runtime/state/secrets.json"
    assert json.loads(file.read_text())["services"] == {"status": SECRET}
    listed = run(config, "list").output
    assert "secret known" in listed
    assert "hunter2" not in listed
    found = run(config, "ask", "status", "--field", "case=1000002")
    assert json.loads(found.stdout)["rubles"] == "12345.50"


def test_what_comes_of_asking_is_an_exit_status(config: Path, systems: InformationSystems) -> None:
    run(config, "secret", "status", typed=f"{SECRET}\n")
    nothing = run(config, "ask", "status", "--field", "case=9")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    systems.fail("cases/status", Fault.GARBAGE)
    failed = run(config, "ask", "status", "--field", "case=1000002")
    assert failed.exit_code == 2
    assert "bad_answer" in failed.output


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (["ask", "status", "--field", "case=1"], None, "Run `ekc services secret status`"),
        (["ask", "status", "--field", "case"], None, "expected name=value"),
        (["ask", "open", "--field", "case=1"], None, "needs `region`, too"),
        (["ask", "stat"], None, "did you mean status?"),
        (["secret", "open"], "x\n", "no `secret_header`"),
        (["secret", "status"], "\n", "expected the header's whole value"),
        (["secret", "status"], "пароль\n", "plain ASCII"),
    ],
)
def test_what_cannot_be_right_is_refused_in_words(
    config: Path, words: list[str], typed: str | None, said: str
) -> None:
    refused = run(config, *words, typed=typed)
    assert refused.exit_code == 3
    assert said in refused.output


def test_an_engine_without_a_secret_that_it_needs_does_not_start(config: Path) -> None:
    text = config.read_text(encoding="utf-8")
    for folder in ("ivr_scripts", "sounds"):
        text = text.replace(f": {folder} ", f": {PROJECT / folder} ")
    config.write_text(text, encoding="utf-8")
    refused = subprocess.run(
        [sys.executable, "-m", "ekc_telephony", "serve", "--config", str(config)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "Run `ekc services secret status`" in refused.stderr
    assert "Traceback" not in refused.stderr
