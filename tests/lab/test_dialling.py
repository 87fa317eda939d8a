"""A phone hears of an answer that comes before the stack's user knows that it has dialled."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import baresip

from lab.phones.dialling import Listener, dialled
from lab.phones.line import Line

OURS, ANOTHER = 7, 8


class BusyStack:
    """Tells of events before the call's object exists, as the stack does on a busy machine."""

    def __init__(self, *early: baresip.StackEvent) -> None:
        self.listeners: list[Listener] = []
        self.early = early

    def subscribe(self, listener: Listener) -> None:
        self.listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        self.listeners.remove(listener)

    def tell(self, event: baresip.StackEvent) -> None:
        for listener in list(self.listeners):
            listener(event)

    async def dial(self) -> baresip.Call:
        for event in self.early:
            self.tell(event)
        return baresip.Call(
            cast(baresip.Runtime, self), handle=OURS, ua_handle=1, state=baresip.CallState.OUTGOING
        )


def event(kind: baresip.Event, call: int) -> baresip.StackEvent:
    return baresip.StackEvent(event=kind, handle=0, call=call)


def test_an_answer_that_comes_at_once_is_heard_of(tmp_path: Path) -> None:
    stack = BusyStack(event(baresip.Event.CALL_ESTABLISHED, OURS))
    line = Line(asyncio.run(dialled(stack, stack.dial)), recording=tmp_path / "heard.wav")
    assert line.established.is_set()
    assert not line.ended.is_set()


def test_an_end_that_comes_at_once_is_heard_of(tmp_path: Path) -> None:
    stack = BusyStack(
        event(baresip.Event.CALL_ESTABLISHED, OURS), event(baresip.Event.CALL_CLOSED, OURS)
    )
    line = Line(asyncio.run(dialled(stack, stack.dial)), recording=tmp_path / "heard.wav")
    assert line.ended.is_set()


def test_what_happens_to_another_call_or_later_is_told_once(tmp_path: Path) -> None:
    stack = BusyStack(event(baresip.Event.CALL_ESTABLISHED, ANOTHER))
    call = asyncio.run(dialled(stack, stack.dial))
    told: list[baresip.Event] = []
    call.on(lambda each: told.append(each.event))
    line = Line(call, recording=tmp_path / "heard.wav")
    assert not line.established.is_set()
    stack.tell(event(baresip.Event.CALL_ESTABLISHED, OURS))
    assert line.established.is_set()
    assert told == [baresip.Event.CALL_ESTABLISHED]
