from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.core.call.facts import CallOutcome, SegmentOutcome
from ekc_telephony.core.ivr.texts import is_text_key
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.settings.library import bundle_on_disk, scripts_on_disk
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from lab.demo.calls import (
    Act,
    Announce,
    Await,
    Cue,
    Entered,
    Fate,
    Hear,
    HearAgent,
    HearText,
    Noted,
    Whim,
)
from lab.demo.plan import FIRST_LINE_AGENTS, make_plan
from lab.demo.site import (
    CLOSED_NUMBER,
    FEDERAL_NUMBER,
    MOST_CALLS,
    OPEN_NUMBER,
    REGIONAL_NUMBER,
    UNKNOWN_NUMBER,
    write_demo_site,
)
from lab.demo.stage import KEPT_FREE, Cues
from lab.information_systems.registry import OPERATIONS
from lab.information_systems.server import InformationSystems, new_registry
from lab.ports import PortBlock
from lab.runtime import PROJECT
from lab.voices import saying

PLAN = make_plan()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    systems = InformationSystems(new_registry(), port=1)
    config = write_demo_site(tmp_path, ports=PortBlock(28000), url_of=systems.url_of)
    return load_settings(config)


def test_the_same_seed_gives_the_same_plan() -> None:
    assert make_plan(7) == make_plan(7)
    assert make_plan(7) != make_plan(8)


def test_at_least_forty_calls_are_placed_within_a_minute_and_a_half() -> None:
    assert len(PLAN) >= 40
    assert max(call.starts_at for call in PLAN) < timedelta(seconds=90)


def test_every_fate_is_in_the_plan() -> None:
    assert {call.fate for call in PLAN} == set(Fate)


def test_every_number_calls_once_so_that_its_appeal_can_be_told_from_others() -> None:
    assert set(Counter(call.number for call in PLAN).values()) == {1}


def test_whoever_talks_to_an_operator_is_answered_and_nobody_else_is() -> None:
    for call in PLAN:
        hears_agent = any(isinstance(step, HearAgent) for step in call.steps)
        assert hears_agent == (call.outcome is CallOutcome.ANSWERED), call


def test_a_whim_has_the_offer_outcome_that_shows_it() -> None:
    wanted = {
        Whim.ANSWER: None,
        Whim.REFUSE: SegmentOutcome.REFUSED,
        Whim.IGNORE: SegmentOutcome.NOT_ANSWERED,
    }
    assert all(call.lapse is wanted[call.whim] for call in PLAN)


def test_nobody_waits_for_a_cue_that_he_has_to_give_himself() -> None:
    for call in PLAN:
        waits_for = {step.cue for step in call.steps if isinstance(step, Await)} | {call.after}
        gives = {step.cue for step in call.steps if isinstance(step, Announce)}
        assert not waits_for & gives, call


def test_as_many_long_talks_as_first_line_operators_make_the_floor_busy() -> None:
    settings = load_settings(PROJECT / "ekc.yaml")
    first_line = [each for each in settings.operators if each.may_serve(settings.queues[0])]
    busy = [call for call in PLAN if Announce(Cue.FLOOR_IS_BUSY) in call.steps]

    assert len(first_line) == len(busy) == FIRST_LINE_AGENTS


def test_as_many_callers_fill_the_house_as_the_node_lets_in(settings: Settings) -> None:
    filling = [call for call in PLAN if Announce(Cue.HOUSE_IS_FULL) in call.steps]
    beyond = [call for call in PLAN if call.after is Cue.HOUSE_IS_FULL]

    assert settings.admission is not None
    assert len(filling) == settings.admission.most_calls == MOST_CALLS
    assert {call.act for call in filling + beyond} == {Act.STORM}
    assert all(trace == Entered(script="overload") for call in beyond for trace in call.traces)


def test_all_who_may_wait_for_the_first_line_have_room_so_that_nobody_waits_for_ever() -> None:
    ways = {Hear("to-first-line"), Hear("menu-goodbye")}
    waiting = [call for call in PLAN if call.act is Act.DAY and ways & set(call.heard)]
    assert len(waiting) <= MOST_CALLS - KEPT_FREE


def test_every_prompt_of_the_plan_has_a_sound() -> None:
    for call in PLAN:
        for step in call.heard:
            if isinstance(step, Hear):
                assert (PROJECT / "sounds" / "ru" / f"{step.prompt}.wav").is_file(), step


def test_every_text_of_the_plan_begins_one_text_of_the_scripts(settings: Settings) -> None:
    scripts = scripts_on_disk(settings)
    steps = {step for call in PLAN for step in call.heard if isinstance(step, HearText)}
    for step in steps:
        assert is_text_key(saying(step.beginning, scripts)), step


def test_a_beginning_that_no_text_has_is_told(settings: Settings) -> None:
    with pytest.raises(ValueError, match="found 0 texts that begin with «Спасибо за всё»"):
        saying("Спасибо за всё", scripts_on_disk(settings))


def test_every_script_that_ships_is_called(settings: Settings) -> None:
    entries = {each.did: each.script for each in settings.numbers}
    called = {entries[call.did] for call in PLAN if call.did in entries}
    called |= {each.script for call in PLAN for each in call.traces if isinstance(each, Entered)}
    bundles = (bundle_on_disk(settings, ScriptId(name)) for name in called)
    shipped = {file.stem for file in (PROJECT / "ivr_scripts").glob("*.yaml")}
    assert shipped <= {name for bundle in bundles for name in bundle.texts}


def test_what_one_call_leaves_in_the_information_systems_no_other_call_does() -> None:
    kept_apart = [each for call in PLAN for each in call.traces]
    traces = [each for each in kept_apart if not isinstance(each, Noted | Entered)]
    assert len(set(traces)) == len(traces)


async def _is_given(cues: Cues, cue: Cue) -> bool:
    try:
        async with asyncio.timeout(0.01):
            await cues.wait(cue)
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("missing", [0, 1])
def test_a_cue_is_given_when_everybody_has_done_his_part(missing: int) -> None:
    async def play() -> bool:
        cues = Cues(PLAN)
        for _ in range(FIRST_LINE_AGENTS - missing):
            cues.announce(Cue.FLOOR_IS_BUSY)
        return await _is_given(cues, Cue.FLOOR_IS_BUSY)

    assert asyncio.run(play()) == (missing == 0)


def test_the_demos_own_configuration_is_in_order(tmp_path: Path, settings: Settings) -> None:
    numbers = {number.did: number.script for number in settings.numbers}
    assert numbers == {
        OPEN_NUMBER: "hotline",
        CLOSED_NUMBER: "hotline_closed",
        FEDERAL_NUMBER: "federal",
        REGIONAL_NUMBER: "regional_122",
    }
    assert UNKNOWN_NUMBER not in numbers
    assert {str(each.url) for each in settings.services} == {
        f"http://127.0.0.1:1/{operation}" for operation in OPERATIONS
    }
    assert all(len(settings.schedules["demo_open"].hours_of(day)) == 1 for day in range(7))
    assert not any(settings.schedules["demo_closed"].hours_of(day) for day in range(7))
    assert settings.state == tmp_path / "state"


def test_two_blocks_of_ports_share_none() -> None:
    first, second = PortBlock(28000), PortBlock(29000)

    def ports(block: PortBlock) -> set[int]:
        return {block.sip, block.http, block.ari, block.ami, *range(*block.rtp)}

    assert not ports(first) & ports(second)
