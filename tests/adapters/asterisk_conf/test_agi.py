"""The fallback's scripts run anywhere, say what they kept, and keep a call whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.adapters.asterisk_conf.agi import agi_files
from ekc_telephony.adapters.asterisk_conf.fallback_agi import keep, record

CALL = "ekc-1763779747.12"
VARIABLES = {
    "EKC_DID": "88001000001",
    "EKC_NUMBER": "+79130000001",
    "EKC_BEGAN_AT": "1763779747.123456",
    "EKC_ENTERED_AT": "1763779748.5",
    "EKC_SERVED": "1",
    "EKC_CHOICE": "callback",
}


@pytest.fixture
def agi(tmp_path: Path) -> Path:
    """Return a folder as it is rendered, and nothing else of the project near it."""
    folder = tmp_path / "agi"
    for name, text in agi_files().items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o750)
    return folder


def run(
    agi: Path, spool: Path, variables: Mapping[str, str], *, path: str = "/usr/bin:/bin"
) -> subprocess.CompletedProcess[str]:
    """Run the script as Asterisk does: an answer to each question, in its order."""
    asked = (
        "EKC_DID",
        "EKC_NUMBER",
        "EKC_BEGAN_AT",
        "EKC_ENTERED_AT",
        "EKC_ENDED_AT",
        "EKC_SERVED",
        "EKC_CHOICE",
        "EKC_ANSWERED_AT",
        "EKC_AGENT",
        "EKC_ANSWERED_TICK",
        "EKC_ENDED_AT",
    )
    answers = [
        f"200 result=1 ({variables[name]})" if name in variables else "200 result=0"
        for name in asked
    ]
    lines = [f"agi_uniqueid: {CALL}", "agi_callerid: +79130000001", "", *answers]
    return subprocess.run(
        [agi / "ekc-fallback", spool],
        input="\n".join([*lines, "200 result=1", ""]),
        capture_output=True,
        text=True,
        env={"PATH": path},
        check=False,
    )


def test_it_keeps_a_call_says_so_and_leaves_nothing_else_behind(agi: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    ran = run(agi, spool, VARIABLES)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[-1] == 'SET VARIABLE "EKC_SPOOLED" "yes"'
    (file,) = spool.iterdir()
    assert file.name == f"{CALL}.json"
    assert json.loads(file.read_text()) == {
        "version": 1,
        "call": CALL,
        "did": "88001000001",
        "number": "+79130000001",
        "began_at": 1763779747.123456,
        "entered_at": 1763779748.5,
        "ended_at": None,
        "was_served": True,
        "choice": "callback",
        "answered_at": None,
        "agent": None,
    }


def test_what_is_known_later_replaces_what_was_kept_before(agi: Path, tmp_path: Path) -> None:
    run(agi, tmp_path, VARIABLES)
    run(agi, tmp_path, VARIABLES | {"EKC_ENDED_AT": "1763779760.25"})
    kept = json.loads((tmp_path / f"{CALL}.json").read_text())
    assert kept["ended_at"] == 1763779760.25
    assert kept["choice"] == "callback"


def test_it_tells_the_dialplan_what_was_in_the_way(agi: Path, tmp_path: Path) -> None:
    said = run(agi, tmp_path / "nowhere", VARIABLES).stdout.splitlines()
    assert said[-1] == 'SET VARIABLE "EKC_SPOOLED" "No such file or directory"'


def test_it_never_prints_a_number_even_when_it_cannot_go_on(agi: Path, tmp_path: Path) -> None:
    ran = run(agi, tmp_path, VARIABLES | {"EKC_BEGAN_AT": ""})
    assert "9130000001" not in ran.stdout + ran.stderr
    assert 'EKC_SPOOLED" "could not convert' in ran.stdout


def test_it_needs_nothing_of_the_interpreter_that_rendered_it(agi: Path, tmp_path: Path) -> None:
    """As in Asterisk's container: the first interpreter is not there, another one has no pyst2."""
    launcher = agi / "ekc-fallback"
    text = launcher.read_text(encoding="utf-8")
    assert sys.executable in text
    launcher.write_text(text.replace(sys.executable, "/nowhere/python3"), encoding="utf-8")
    other = tmp_path / "bin"
    other.mkdir()
    (other / "python3").symlink_to(Path(sys.executable).resolve())
    assert run(agi, tmp_path, VARIABLES, path=str(other)).returncode == 0
    assert (tmp_path / f"{CALL}.json").is_file()


def test_without_any_interpreter_it_says_what_to_install(agi: Path, tmp_path: Path) -> None:
    launcher = agi / "ekc-fallback"
    text = launcher.read_text(encoding="utf-8").replace(sys.executable, "/nowhere/python3")
    launcher.write_text(text.replace("/usr/bin/python3", "/nowhere/either"), encoding="utf-8")
    ran = run(agi, tmp_path, VARIABLES, path="/nowhere")
    assert ran.returncode == 1
    assert "Install python3" in ran.stderr


@given(
    st.dictionaries(
        st.sampled_from(["EKC_DID", "EKC_NUMBER", "EKC_CHOICE", "EKC_AGENT", "EKC_SERVED"]),
        st.text(),
    )
)
def test_whatever_the_variables_hold_what_is_kept_can_be_read_again(
    variables: dict[str, str],
) -> None:
    known = variables | {"EKC_BEGAN_AT": "1.5", "EKC_ENTERED_AT": "2.5"}
    kept = record(CALL, lambda name: known.get(name, ""))
    assert json.loads(json.dumps(kept)) == kept
    assert kept["was_served"] is (known.get("EKC_SERVED") == "1")
    assert kept["number"] != ""


def test_a_disk_without_room_leaves_the_older_file_whole(tmp_path: Path) -> None:
    keep({"call": CALL, "choice": "callback"}, folder=str(tmp_path))
    (tmp_path / f"{CALL}.json.new").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        keep({"call": CALL, "choice": None}, folder=str(tmp_path))
    assert json.loads((tmp_path / f"{CALL}.json").read_text())["choice"] == "callback"
