"""`ekc ivr run` calls a script from the terminal: as text, as JSON, as sound."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest
from typer.testing import Result

from ekc_telephony.adapters.speech.library import SoundLibrary, Spoken
from tests.adapters.cli.ivr_site import HOTLINE, PROJECT, STATUS, ekc_ivr, ivr_site, write_script

FOUND = 'cases={"left": {"days": 2}}'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a configuration, the shipped prompts and the scripts `hotline` and `status`."""
    return ivr_site(tmp_path, {"hotline": HOTLINE, "status": STATUS})


def run(site: Path, script: str, *words: object, typed: str | None = None) -> Result:
    return ekc_ivr(site, "run", script, *words, typed=typed)


def test_a_script_is_heard_as_text_to_its_end(site: Path) -> None:
    told = run(site, "hotline", "--at", "2026-03-02 12:00", "--keys", "2")
    assert told.exit_code == 0
    assert "12:00:00  greeting          «Здравствуйте!" in told.output
    assert "main_menu         key 2" in told.output
    assert told.output.endswith("second_line       → queue pensions\n")


def test_the_hour_decides_as_it_would_on_a_call(site: Path) -> None:
    told = run(site, "hotline", "--at", "2026-12-31 20:00", "--keys", "")
    assert told.exit_code == 0
    assert "→ goodbye (informed_after_hours)" in told.output


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("", "he is still asked at main_menu"),
        ("2,2", "--keys: 2 (number 2 of 2): a key is not awaited here; he left: queue pensions"),
    ],
)
def test_a_call_that_does_not_end_or_goes_on_after_its_end_is_told(
    site: Path, keys: str, complaint: str
) -> None:
    told = run(site, "hotline", "--at", "2026-03-02 12:00", "--keys", keys)
    assert told.exit_code == 1
    assert complaint in told.output


def test_what_is_personal_is_masked_wherever_it_would_show(site: Path) -> None:
    told = run(site, "status", "--lookup", FOUND, "--keys", "0715,5", "--json")
    assert told.exit_code == 0, told.output
    whole = json.loads(told.output)
    assert whole["variables"]["case"] == "•••"
    assert whole["variables"]["days"] == "2"
    assert [step["key"] for step in whole["steps"] if step["step"] == "pressed"] == [*"••••", "5"]
    assert "«" not in told.output
    assert "семь" not in told.output
    assert "0715" not in told.output
    texts = [step["text"] for step in whole["steps"] if step["step"] == "heard"]
    assert "Дело ••• решится через два дня" in texts
    assert {"question": "rating", "answer": "5"}.items() <= whole["steps"][-2].items()
    assert whole["end"] == {"kind": "goodbye", "detail": "", "outcome": "self_served"}


def test_what_is_personal_is_shown_to_whom_asks_for_it(site: Path) -> None:
    told = run(site, "status", "--lookup", FOUND, "--keys", "0715,t", "--personal")
    assert "ask               key 0715\n" in told.output
    assert "asks cases (number=0715)" in told.output
    assert "Дело ноль семь один пять решится через два дня" in told.output


def test_answers_are_given_one_after_another_and_from_files(site: Path) -> None:
    answer = site / "answer.json"
    answer.write_text('{"left": {"days": 5}}', encoding="utf-8")
    told = run(site, "status", "--lookup", f"cases=@{answer}", "--keys", "0715,t")
    assert "через пять дней" in told.output
    told = run(site, "status", "--lookup", "cases=not_found", "--keys", "0715,o,5")
    assert "cases: not_found" in told.output
    assert "→ queue first_line" in told.output
    assert "→ goodbye (answered)" in told.output


def test_a_system_that_nobody_rehearsed_fails_and_says_how_to(site: Path) -> None:
    told = run(site, "status", "--keys", "0715,o,t")
    assert "cases: failed (not rehearsed: --lookup cases=…)" in told.output


def test_a_person_types_keys_and_may_press_too_many(site: Path) -> None:
    told = run(site, "hotline", "--at", "2026-03-02 12:00", typed="\nx\no\n1\n\n")
    assert told.exit_code == 0
    assert "main_menu [1 2 0 *] ›" in told.output
    assert "deeds with commas between them" in told.output
    assert "the end of a talk is not awaited here" in told.output
    assert "→ queue first_line" in told.output


def test_who_types_no_more_hangs_up(site: Path) -> None:
    told = run(site, "hotline", "--at", "2026-03-02 12:00", typed="\n")
    assert told.exit_code == 0
    assert "→ hangup (abandoned_in_menu)" in told.output


def test_what_he_hears_is_written_as_sound_with_its_silence(site: Path) -> None:
    file = site / "call.wav"
    words = ("--at", "2026-03-02 12:00", "--keys", "t,2", "--wav", file)
    told = run(site, "hotline", *words)
    assert told.exit_code == 0, told.output
    with wave.open(str(file), "rb") as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (8000, 1, 2)
        length = reader.getnframes() / 8000
        frames = reader.readframes(reader.getnframes())
    whole = json.loads(run(site, "hotline", *words[:4], "--json").output)
    assert length == pytest.approx(whole["seconds"], abs=0.1)
    menu_heard = [s["at"] for s in whole["steps"] if s["step"] == "waited"]
    assert len(menu_heard) == 1
    second = 2 * 8000
    silent = [at for at in range(0, len(frames), second) if not any(frames[at : at + second])]
    assert len(silent) >= 4  # the patience of the menu


def test_what_nobody_has_rendered_yet_is_rendered_to_be_heard(site: Path) -> None:
    greeting = SoundLibrary(PROJECT / "sounds").sounds()[0]
    assert isinstance(greeting.recipe, Spoken)
    script = STATUS.replace("Наберите номер дела.", greeting.recipe.prompt.text)
    script = script.replace('    prompts: [{text: "Минуту, ищем."}]\n', "    prompts: []\n")
    write_script(site, "status", script)
    file = site / "call.wav"
    told = run(site, "status", "--keys", "h", "--wav", file)
    assert told.exit_code == 0, told.output
    told = run(site, "status", "--keys", "t,h", "--wav", file)
    assert told.exit_code == 0, told.output
    with wave.open(str(file), "rb") as heard, wave.open(str(greeting.file), "rb") as recorded:
        wanted = recorded.readframes(recorded.getnframes())
        assert heard.readframes(recorded.getnframes()) == wanted


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--keys", "x"], "--keys: found 'x', expected deeds"),
        (["--at", "soon"], "--at: found 'soon', expected a moment"),
        (["--from", "Anna"], "--from: found 'Anna', expected +79131234567 or hidden"),
        (["--lookup", "case=failed"], "--lookup: found 'case'"),
        (["--lookup", "cases=maybe"], "--lookup cases: found no JSON"),
        (["--lookup", "cases=5"], "--lookup cases: expected an answer as a block"),
    ],
)
def test_wrong_input_is_told(site: Path, words: list[str], complaint: str) -> None:
    told = run(site, "status", *words)
    assert told.exit_code == 2
    assert complaint in told.output


def test_a_script_with_a_mistake_is_not_called(site: Path) -> None:
    broken = site / "broken.yaml"
    broken.write_text(STATUS.replace("next: rate", "next: rat"), encoding="utf-8")
    told = run(site, str(broken), "--keys", "")
    assert told.exit_code == 2
    assert "broken.yaml:31:11: found the node rat, which does not exist" in told.output
