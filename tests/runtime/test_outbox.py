"""The outbox keeps order within a call and lets calls pass one another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from ekc_telephony.core.call.commands import AnswerLeg, Command, HangUpLeg, SignalRinging
from ekc_telephony.core.call.events import CommandFailed
from ekc_telephony.core.kernel.ids import CallId, LegId
from ekc_telephony.runtime.fake_control import FakeCallControl
from ekc_telephony.runtime.outbox import Outbox
from ekc_telephony.runtime.ports import CommandRefusedError
from tests.virtual_time import run_virtual

SECOND = timedelta(seconds=1)


def _ring(call: str) -> Command:
    return SignalRinging(call=CallId(call), leg=LegId(call))


def _answer(call: str) -> Command:
    return AnswerLeg(call=CallId(call), leg=LegId(call))


def _hang_up(call: str) -> Command:
    return HangUpLeg(call=CallId(call), leg=LegId(call))


def _carry_out(
    control: FakeCallControl, commands: list[Command]
) -> tuple[float, list[CommandFailed]]:
    """Submit all at once; return how long it took and what failed."""
    failures: list[CommandFailed] = []

    async def story() -> float:
        async with asyncio.TaskGroup() as tasks:
            outbox = Outbox(control, report=failures.append, tasks=tasks)
            for command in commands:
                outbox.submit(command)
        assert outbox.backlog == 0
        return asyncio.get_running_loop().time()

    return run_virtual(story()), failures


def test_commands_of_one_call_run_one_after_another_in_order() -> None:
    control = FakeCallControl(takes=SECOND)
    commands = [_ring("a"), _answer("a"), _hang_up("a")]
    took, failures = _carry_out(control, commands)
    assert control.finished == commands
    assert took == 3
    assert failures == []


def test_calls_do_not_wait_for_one_another() -> None:
    control = FakeCallControl(takes=SECOND)
    took, _ = _carry_out(control, [_ring(str(number)) for number in range(100)])
    assert took == 1
    assert len(control.finished) == 100


def _refusing(
    kind: type[Command], *, is_gone: bool
) -> Callable[[Command], CommandRefusedError | None]:
    def refusal(command: Command) -> CommandRefusedError | None:
        return CommandRefusedError("no", is_gone=is_gone) if type(command) is kind else None

    return refusal


def test_a_refused_command_is_reported_once_and_the_next_one_still_runs() -> None:
    control = FakeCallControl(refusal=_refusing(AnswerLeg, is_gone=True))
    _, failures = _carry_out(control, [_ring("a"), _answer("a"), _hang_up("a")])
    assert failures == [CommandFailed(command=_answer("a"), is_gone=True, detail="no")]
    assert control.finished == [_ring("a"), _hang_up("a")]


def test_a_command_submitted_after_the_lane_was_worked_off_runs_too() -> None:
    control = FakeCallControl(takes=SECOND)

    async def story() -> None:
        async with asyncio.TaskGroup() as tasks:
            outbox = Outbox(control, report=lambda _: None, tasks=tasks)
            outbox.submit(_ring("a"))
            await asyncio.sleep(5)
            outbox.submit(_answer("a"))

    run_virtual(story())
    assert control.finished == [_ring("a"), _answer("a")]


def test_who_waits_for_all_commands_waits_for_the_last_but_no_longer_than_he_likes() -> None:
    async def story() -> None:
        async with asyncio.TaskGroup() as tasks:
            outbox = Outbox(FakeCallControl(takes=SECOND), report=lambda _: None, tasks=tasks)
            assert await outbox.drained(SECOND)
            outbox.submit(_ring("a"))
            outbox.submit(_answer("a"))
            assert not await outbox.drained(1.5 * SECOND)
            assert await outbox.drained(SECOND)

    run_virtual(story())
