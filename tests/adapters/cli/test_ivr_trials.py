"""`ekc ivr test`: cases beside the scripts, what went otherwise, and what nobody walks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import Result

from ekc_telephony.bootstrap.full_gate import TESTS
from ekc_telephony.bootstrap.gate import Draft
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.settings.library import bundle_on_disk
from ekc_telephony.settings.load import load_settings
from tests.adapters.cli.ivr_site import PROJECT, STATUS, ekc_ivr, ivr_site, write_script

CASES = """\
at: 2026-03-02 12:00
lookups: {cases: {left: {days: 2}}}
cases:
  - name: Дело решится
    keys: ["0715", 5]
    heard: ["наберите номер", key-0, "через два дня", "оцените нас"]
    not_heard: [greeting]
    passes: [status, told]
    variables: {case: 0715, days: 2}
    notes: {rating: "5"}
    end: {goodbye: self_served}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a configuration, the shipped prompts, the script `status` and its cases."""
    site = ivr_site(tmp_path, {"status": STATUS}, called="status")
    write_cases(site, CASES)
    return site


def write_cases(site: Path, text: str) -> None:
    (site / "ivr_scripts" / "tests").mkdir(exist_ok=True)
    write_script(site, "tests/status", text)


def try_all(site: Path, *words: object) -> Result:
    return ekc_ivr(site, "test", *words)


def otherwise(site: Path, before: str, after: str) -> str:
    """Return what is told when a case expects something else."""
    assert before in CASES
    write_cases(site, CASES.replace(before, after))
    told = try_all(site)
    assert told.exit_code == 1, told.output
    return told.output


def test_the_shipped_scripts_are_walked_wholly() -> None:
    told = try_all(PROJECT, "--coverage-min", "100")
    assert told.exit_code == 0, told.output


def test_every_case_is_one_line_and_what_nobody_walks_is_told_by_its_line(site: Path) -> None:
    told = try_all(site)
    assert told.exit_code == 0, told.output
    assert told.output.startswith("ok    status: Дело решится\nstatus: 1 cases; walked 5 of 6 ")
    assert "ivr_scripts/status.yaml:19: status: cases not_found → person" in told.output
    assert "ivr_scripts/status.yaml:33: rate: key 4 → bye" in told.output
    assert "ivr_scripts/status.yaml:32: person: nobody comes here" in told.output
    assert told.output.endswith("1 cases of 1 scripts: 0 failed\n")


def test_too_little_coverage_is_a_failure_of_its_own(site: Path) -> None:
    told = try_all(site, "--coverage-min", "100")
    assert told.exit_code == 1
    assert "status: 30.8 % walked, expected 100 % at least" in told.output


@pytest.mark.parametrize(
    ("before", "after", "expected", "found"),
    [
        ("через два дня", "через три дня", "«через три дня», after «key-0»", "text-"),
        ("key-0,", "key-9,", "«key-9», after «наберите номер»", "heard from there on"),
        ("[greeting]", "[key-7]", "no «key-7»", "it was heard at told"),
        ("[status, told]", "[told, status]", "that he comes to status", "ask → status → told"),
        ("days: 2}\n    notes", "days: 3}\n    notes", "days: 3", "+ 2"),
        ("case: 0715", "case: 0716", "case: 0716", "+ •••"),
        ("case: 0715", "case: null", "case: not set", "+ •••"),
        ('rating: "5"', 'rating: "4"', "rating: 4", "+ 5"),
        ('notes: {rating: "5"}', "identified: snils", "identified by snils", "he is not"),
        ("{goodbye: self_served}", "callback", "- callback", "+ goodbye self_served"),
        ("{goodbye: self_served}", "{waits: rate}", "- waits rate", "+ goodbye self_served"),
        ('["0715", 5]', '["0715"]', "- goodbye self_served", "+ waits rate"),
        ('["0715", 5]', '["0715", 5, 5]', "that all of it can be done", "5 (number 3 of 3)"),
        ('["0715", 5]', "[o]", "that all of it can be done", "still at ask"),
        ("{left: {days: 2}}", "[]", "what cases answers", "nothing (any more)"),
        ("{left: {days: 2}}", "timeout", "- goodbye self_served", "+ queue first_line"),
    ],
)
def test_whatever_goes_otherwise_is_told_with_its_place_and_the_call(
    site: Path, before: str, after: str, expected: str, found: str
) -> None:
    told = otherwise(site, before, after)
    assert "FAIL  status: Дело решится" in told
    assert expected in told
    assert found in told
    assert re.search(r"tests/status\.yaml:\d+:\d+: \w+", told)
    assert "what happened:" in told
    assert "«Наберите номер дела.»" in told
    assert "key 0" not in told  # what is typed into a personal variable


def test_personal_things_are_shown_to_whom_asks_for_them(site: Path) -> None:
    write_cases(site, CASES.replace("self_served}\n", "answered}\n"))
    assert "Дело ноль семь один пять" in try_all(site, "--personal").output


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("keys:", "key:", "5:5: found the unknown key key"),
        ("    end: {goodbye: self_served}\n", "", "found a block without the key end"),
        ("{goodbye: self_served}", "{goodbye: well}", "expected: an outcome: answered"),
        ("{goodbye: self_served}", "nowhere", "expected: how the call ends"),
        ("{goodbye: self_served}", "goodbye", "expected: how the call ends"),
        ("{goodbye: self_served}", "{waits: nowhere}", "the node nowhere, which does not exist"),
        ('["0715", 5]', "[p]", "expected: deeds with commas"),
        ("at: 2026-03-02 12:00", "at: today", "expected: a moment by the script's clock"),
        ("at: 2026-03-02 12:00\n", "", "found a case without a moment"),
        ("{cases: {left", "{case: {left", "the service case, which does not exist"),
        ("{left: {days: 2}}", "maybe", "expected: an answer as a block"),
        ("key-0,", "key-zero,", "the prompt key-zero, which does not exist"),
        ("[status, told]", "[status, tolds]", "did you mean told?"),
        ("days: 2}\n    notes", "day: 2}\n    notes", "the variable day, which does not exist"),
        ("days: 2}\n    notes", "days: two}\n    notes", "a number, or null: it is not set"),
        ("keys:", "from: Анна\n    keys:", "found"),
        ("cases:\n", "cases: []\nold:\n", "found"),
    ],
)
def test_a_mistake_in_a_case_is_told_with_its_place(
    site: Path, before: str, after: str, complaint: str
) -> None:
    assert before in CASES
    write_cases(site, CASES.replace(before, after))
    told = try_all(site)
    assert told.exit_code == 2, told.output
    assert re.search(r"tests/status\.yaml:\d+:\d+: found ", told.output)
    assert complaint in told.output


def test_cases_of_a_script_that_is_not_there_are_a_mistake(site: Path) -> None:
    (site / "ivr_scripts" / "tests" / "statu.yaml").write_text(CASES, encoding="utf-8")
    told = try_all(site)
    assert told.exit_code == 2
    assert "statu.yaml:1:1: found test cases of the script statu" in told.output
    assert "did you mean status?" in told.output


def test_a_script_without_cases_is_told_and_walked_by_nobody(site: Path) -> None:
    (site / "ivr_scripts" / "tests" / "status.yaml").unlink()
    told = try_all(site)
    assert told.exit_code == 0
    assert "status: no test cases; walked 0 of 6 nodes" in told.output


def test_another_folder_and_single_scripts_can_be_named(site: Path) -> None:
    told = try_all(site, PROJECT / "ivr_scripts", "--script", "overload")
    assert told.exit_code == 0, told.output
    assert "of 1 scripts: 0 failed" in told.output
    assert try_all(site, "--script", "hotline").exit_code == 2


def test_programs_get_json_and_junit(site: Path, tmp_path: Path) -> None:
    write_cases(site, CASES.replace("{goodbye: self_served}", "callback"))
    report = tmp_path / "junit.xml"
    told = try_all(site, "--json", "--junit", report)
    assert told.exit_code == 1
    whole = json.loads(told.output)
    assert (whole["cases"], whole["failed"]) == (1, 1)
    [case] = whole["scripts"][0]["cases"]
    assert case["differences"][0]["expected"] == "callback"
    assert case["differences"][0]["place"].endswith("tests/status.yaml:11:5")
    suite = ET.parse(report).getroot()[0]
    assert suite.attrib == {"name": "status", "tests": "1", "failures": "1"}
    assert suite[0][0].attrib["message"] == "goodbye self_served"


def objections(site: Path) -> list[str]:
    settings = load_settings(site / "ekc.yaml")
    bundle = bundle_on_disk(settings, ScriptId("status"))
    return list(TESTS.objections(Draft(settings=settings, bundles=[bundle])))


def test_nothing_that_fails_its_cases_is_published(site: Path) -> None:
    assert objections(site) == []
    write_cases(site, CASES.replace("{goodbye: self_served}", "callback"))
    [told] = objections(site)
    assert "tests/status.yaml:4: the test case «Дело решится» of status fails" in told
    write_cases(site, CASES.replace("keys:", "key:"))
    [told] = objections(site)
    assert told.startswith("the test cases cannot be read: 1 mistake")
