"""`ekc ivr check` tells every finding in its place, and refuses what callers must not meet."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from ekc_telephony.bootstrap.full_gate import GATE, PROOFS
from ekc_telephony.bootstrap.gate import Draft, GateRefusedError, pass_gate
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.settings.library import bundle_on_disk
from ekc_telephony.settings.load import load_settings
from tests.adapters.cli.ivr_site import HOTLINE, PROJECT, ekc_ivr, ivr_site

MENU = """\
entry: choice
nodes:
  choice:
    kind: menu
    prompts: [menu-main]
    keys: {1: office, 0: q}
    timeout: 5s
    retries: 1
    invalid_prompts: [menu-wrong-key]
    timeout_prompts: [menu-silence]
    exhausted: q
  office: {kind: call, script: office, next: choice}
  q: {kind: enqueue, queue: first_line}
"""
OFFICE = """\
entry: address
nodes:
  address:
    kind: play
    prompts:
      - {text: "Офис работает."}
      - missing-in-tatar
    next: back
  back: {kind: return}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with the script `hotline`."""
    return ivr_site(tmp_path, {"hotline": HOTLINE})


def check(site: Path, *words: object) -> Result:
    return ekc_ivr(site, "check", *words)


def test_the_shipped_scripts_may_be_published() -> None:
    told = check(PROJECT)
    assert told.exit_code == 0, told.output


def test_without_files_all_scripts_are_checked_and_their_distances_shown(site: Path) -> None:
    told = check(site)
    assert told.exit_code == 0
    assert "IVR167 warning" in told.output
    assert re.search(r"hotline +9 +2 operator, 1 goodbye +1 +28 s +51 s", told.output)
    assert "hotline: longest to a person: working_hours (federal is open) → greeting" in told.output
    assert told.output.endswith("1 scripts: 0 errors, 1 warnings\n")


def test_a_warning_is_an_error_to_the_strict(site: Path) -> None:
    assert check(site, "--strict").exit_code == 1


def test_a_mistake_of_reading_is_told_in_the_same_form(site: Path) -> None:
    file = site / "ivr_scripts" / "broken.yaml"
    file.write_text("entry: a\nnodes:\n  a: {kind: play, prompts: [gretting], next: b}\n")
    told = check(site, file)
    assert told.exit_code == 1
    assert f"{file}:3:29: IVR001 error: found the prompt gretting" in told.output
    assert "what to do: did you mean greeting?" in told.output


def test_a_file_that_is_not_there_is_told(site: Path) -> None:
    told = check(site, site / "ivr_scripts" / "nothing.yaml")
    assert told.exit_code == 1
    assert "nothing.yaml:1:1: IVR001 error: found no such file" in told.output


def test_a_broken_configuration_is_wrong_input(site: Path) -> None:
    (site / "ekc.yaml").write_text("node: 1\n", encoding="utf-8")
    assert check(site).exit_code == 2


def test_a_called_script_is_checked_where_it_is_called_and_told_in_its_own_file(
    site: Path,
) -> None:
    scripts = site / "ivr_scripts"
    (scripts / "hotline.yaml").write_text(MENU, encoding="utf-8")
    office = OFFICE.replace("missing-in-tatar", "greeting")
    office = office.replace("next: back", "next: again").replace(
        "  back:", "  again: {kind: play, prompts: [greeting], next: address}\n  back:"
    )
    (scripts / "office.yaml").write_text(office, encoding="utf-8")
    told = check(site)
    assert told.exit_code == 1
    assert f"{scripts / 'office.yaml'}:8:5: IVR101 error" in told.output
    assert "office.address (hears it) → office.again (hears it) → office.address" in told.output


def test_texts_that_nobody_has_rendered_are_guessed_and_said_to_be(site: Path) -> None:
    scripts = site / "ivr_scripts"
    (scripts / "hotline.yaml").write_text(MENU, encoding="utf-8")
    office = OFFICE.replace("missing-in-tatar", "greeting")
    (scripts / "office.yaml").write_text(office, encoding="utf-8")
    told = check(site)
    assert told.exit_code == 0
    assert "~ is estimated: 1 texts are not spoken yet" in told.output


def test_programs_are_told_the_same(site: Path) -> None:
    told = json.loads(check(site, "--json").output)
    (script,) = told
    (finding,) = script["findings"]
    assert (script["script"], script["sound"], script["keys_to_human"]) == ("hotline", True, 1)
    assert (finding["code"], finding["line"], finding["column"]) == ("IVR167", 12, 5)
    assert finding["way"][0] == {"node": "working_hours", "happens": "federal is closed"}


def test_the_gate_lets_a_sound_script_pass_and_says_what_stands_against_another(
    site: Path,
) -> None:
    settings = load_settings(site / "ekc.yaml")
    hotline = bundle_on_disk(settings, ScriptId("hotline"))
    assert pass_gate([PROOFS], Draft(settings=settings, bundles=[hotline])) == ("proofs",)
    file = site / "ivr_scripts" / "hotline.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("      0: ", "      9: "), "utf-8")
    worse = bundle_on_disk(settings, ScriptId("hotline"))
    with pytest.raises(GateRefusedError, match=rf"{file}:22:5: IVR164 error: found a menu without"):
        pass_gate([PROOFS], Draft(settings=settings, bundles=[hotline, worse]))
    assert PROOFS in GATE


@pytest.mark.parametrize(
    ("node", "line", "code"),
    [
        (
            (
                "  first:\n    kind: identify\n    service: cases\n    by: snils\n"
                "    prompts: [menu-main]\n    timeout: 5s\n    identified: q\n    otherwise: bye\n"
            ),
            11,
            "IVR166",
        ),
        (
            (
                "  first:\n    kind: identify\n    service: cases\n    by: snils\n"
                "    timeout: 90s\n"
                "    prompts: [menu-main]\n    wait_prompts: [greeting]\n    identified: q\n"
                "    otherwise: q\n"
            ),
            8,
            "IVR111",
        ),
        (
            (
                "  first:\n    kind: survey\n    timeout: 5s\n    retries: 1\n"
                "    invalid_prompts: []\n"
                "    timeout_prompts: []\n    next: bye\n    questions:\n      - name: ok\n"
                "        prompts: [{text: 'Сумма {{ sum | money }}.'}]\n        answers: {1: да}\n"
            ),
            11,
            "IVR171",
        ),
        (
            "  first:\n    kind: say\n    text: 'Сумма {{ sum | money }}.'\n    next: q\n",
            6,
            "IVR171",
        ),
        (
            (
                "  first:\n    kind: play\n    next: q\n    prompts:\n      - greeting\n"
                "      - {text: 'Вам {{ day | date }}.'}\n"
                "      - {text: 'Сумма {{ sum | money }}.'}\n"
            ),
            10,
            "IVR171",
        ),
    ],
)
def test_what_was_made_from_a_node_is_told_at_what_was_written(
    site: Path, node: str, line: int, code: str
) -> None:
    text = (
        "entry: first\nvariables: {sum: {kind: money, personal: true, initial: 1}, "
        "day: {kind: date}}\nnodes:\n" + node + "  q: {kind: enqueue, queue: first_line}\n"
        "  bye: {kind: goodbye, prompts: [goodbye], outcome: self_served}\n"
    )
    file = site / "ivr_scripts" / "made.yaml"
    file.write_text(text, encoding="utf-8")
    found = json.loads(check(site, file, "--json").output)[0]["findings"]
    assert (line, code) in [(each["line"], each["code"]) for each in found], found


# --- scripts that others call


def checked(site: Path, *files: str) -> list[dict[str, Any]]:
    paths = [str(site / "ivr_scripts" / each) for each in files]
    told: list[dict[str, Any]] = json.loads(check(site, *paths, "--json").stdout)
    return told


def codes(judgement: dict[str, Any]) -> list[str]:
    return [each["code"] for each in judgement["findings"]]


def put(site: Path, name: str, text: str) -> None:
    (site / "ivr_scripts" / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_script_that_nobody_calls_is_told_and_checked_on_its_own(site: Path) -> None:
    put(site, "office", OFFICE)
    office = next(each for each in checked(site) if each["script"] == "office")
    assert codes(office) == ["IVR001"]  # the prompt missing-in-tatar
    put(site, "office", OFFICE.replace("missing-in-tatar", "greeting"))
    (_, office) = checked(site)
    assert codes(office) == ["IVR002"]
    assert not office["begins_here"]
    assert office["sound"]
    ended = check(site)
    assert "IVR002 warning: found a script with a `return`" in ended.stdout
    assert "office: checked on its own, as if somebody called it" in ended.stdout


def test_a_script_that_is_called_is_checked_there_and_by_its_file_on_its_own(site: Path) -> None:
    put(site, "menu", MENU)
    put(site, "office", OFFICE.replace("missing-in-tatar", "greeting"))
    assert [each["script"] for each in checked(site)] == ["hotline", "menu"]
    (office,) = checked(site, "office.yaml")
    assert codes(office) == []


def test_two_that_call_only_each_other_are_called_by_nobody(site: Path) -> None:
    one = OFFICE.replace("next: back", "next: other").replace("missing-in-tatar", "greeting")
    put(site, "one", one + "  other: {kind: call, script: two, next: back}\n")
    put(site, "two", OFFICE.replace("missing-in-tatar", "greeting"))
    told = {each["script"]: codes(each) for each in checked(site)}
    assert told["one"] == ["IVR002"]
    assert told["two"] == ["IVR002"]


def test_what_a_caller_of_it_sets_is_not_missed_on_its_own(site: Path) -> None:
    put(
        site,
        "office",
        """\
entry: which
variables:
  region: {kind: number}
nodes:
  which:
    kind: branch
    cases:
      - {when: region > 50, next: far}
    otherwise: back
  far:
    kind: menu
    prompts: [menu-main]
    keys: {1: back}
    timeout: 5s
    retries: 1
    invalid_prompts: [menu-wrong-key]
    timeout_prompts: [menu-silence]
    exhausted: back
  back: {kind: return}
""",
    )
    (office,) = checked(site, "office.yaml")
    assert codes(office) == ["IVR164", "IVR002"]
    lines = {each["code"]: each["line"] for each in office["findings"]}
    assert lines == {"IVR164": 13, "IVR002": 1}
