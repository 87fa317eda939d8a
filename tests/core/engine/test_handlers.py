"""Every type of event has one handler, and no module takes another's event."""

from __future__ import annotations

from typing import get_args

from ekc_telephony.core.call.events import Event
from ekc_telephony.core.engine import (
    agent_events,
    call_events,
    control_events,
    supervisor_requests,
    talk_events,
    talk_requests,
)
from ekc_telephony.core.engine.engine import HANDLERS


def test_every_event_is_handled_by_exactly_one_module() -> None:
    modules = (
        call_events,
        agent_events,
        talk_requests,
        supervisor_requests,
        talk_events,
        control_events,
    )
    named = [each for module in modules for each in module.HANDLERS]

    assert sorted(each.__name__ for each in named) == sorted(
        each.__name__ for each in get_args(Event)
    )
    assert set(HANDLERS) == set(named)
