from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.core.call.facts import CallOutcome, SegmentOutcome
from ekc_telephony.settings.load import load_settings
from lab.demo.plan import (
    FIRST_LINE_AGENTS,
    Announce,
    Await,
    Cue,
    Fate,
    HearAgent,
    Whim,
    make_plan,
)
from lab.demo.site import CLOSED_NUMBER, OPEN_NUMBER, UNKNOWN_NUMBER, write_demo_site
from lab.demo.stage import Cues
from lab.ports import PortBlock
from lab.runtime import PROJECT

PLAN = make_plan()


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


def test_every_prompt_of_the_plan_has_a_sound() -> None:
    for call in PLAN:
        for prompt in call.prompts:
            assert (PROJECT / "sounds" / "ru" / f"{prompt}.wav").is_file(), prompt


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


def test_the_demos_own_configuration_is_in_order(tmp_path: Path) -> None:
    settings = load_settings(write_demo_site(tmp_path, ports=PortBlock(28000)))

    numbers = {number.did: number.script for number in settings.numbers}
    assert numbers == {OPEN_NUMBER: "hotline", CLOSED_NUMBER: "hotline_closed"}
    assert UNKNOWN_NUMBER not in numbers
    assert all(len(settings.schedules["demo_open"].hours_of(day)) == 1 for day in range(7))
    assert not any(settings.schedules["demo_closed"].hours_of(day) for day in range(7))
    assert settings.state == tmp_path / "state"


def test_two_blocks_of_ports_share_none() -> None:
    first, second = PortBlock(28000), PortBlock(29000)

    def ports(block: PortBlock) -> set[int]:
        return {block.sip, block.http, block.ari, block.ami, *range(*block.rtp)}

    assert not ports(first) & ports(second)
