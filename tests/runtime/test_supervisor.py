"""A bug in one session costs one caller an apology, and nobody else anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.call.commands import SendToFallback
from ekc_telephony.core.call.events import CallArrived, EndReason, KeyPressed, LegEnded
from ekc_telephony.core.call.facts import CallEnded, CallOutcome
from ekc_telephony.core.engine.engine import Engine, EnginePlan
from ekc_telephony.core.engine.features import FeatureCodes
from ekc_telephony.core.ivr.script import Menu, Node, Script
from ekc_telephony.core.kernel.ids import CallId, Did, LegId, NodeId, PromptKey, ScriptId
from ekc_telephony.runtime.supervisor import SupervisedEngine

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MENU = NodeId("menu")


def _engine() -> SupervisedEngine:
    """Return an engine whose script is broken behind the key 1: its target does not exist."""
    nodes: Mapping[NodeId, Node] = MappingProxyType(
        {
            MENU: Menu(
                prompts=(PromptKey("hello"),),
                choices={"1": NodeId("nowhere")},
                timeout=timedelta(seconds=5),
                retries=1,
                invalid_prompts=(),
                timeout_prompts=(),
                exhausted=NodeId("nowhere"),
            )
        }
    )
    script = Script(script=ScriptId("broken"), entry=MENU, nodes=nodes)
    codes = FeatureCodes(
        ready="*45", not_ready={}, signed_out="*47", end_of_wrap_up="*48", extend_wrap_up="*49"
    )
    plan = EnginePlan(scripts={Did("100"): script}, schedules={}, feature_codes=codes)
    return SupervisedEngine(Engine(plan, Acd([], [])))


def _arrive(engine: SupervisedEngine, call: str) -> None:
    engine.handle(CallArrived(call=CallId(call), did=Did("100"), number=None), NOW)


@pytest.mark.parametrize("breaks_by", ["key", "silence"])
def test_the_caller_whose_session_breaks_goes_to_the_fallback_and_has_an_outcome(
    breaks_by: str,
) -> None:
    engine = _engine()
    _arrive(engine, "unlucky")
    if breaks_by == "key":
        effects = engine.handle(KeyPressed(leg=LegId("unlucky"), key="1"), NOW)
    else:
        effects = []
        for minute in range(30):
            effects += engine.on_time(NOW + timedelta(minutes=minute))
    assert engine.bugs == 1
    assert SendToFallback(call=CallId("unlucky"), leg=LegId("unlucky")) in effects
    ended = [each for each in effects if isinstance(each, CallEnded)]
    assert [each.outcome for each in ended] == [CallOutcome.SENT_TO_FALLBACK]


def test_all_other_callers_are_untouched() -> None:
    engine = _engine()
    _arrive(engine, "unlucky")
    _arrive(engine, "lucky")
    engine.handle(KeyPressed(leg=LegId("unlucky"), key="1"), NOW)
    gone = LegEnded(leg=LegId("lucky"), reason=EndReason.HUNG_UP)
    effects = engine.handle(gone, NOW + timedelta(seconds=10))
    ended = [each for each in effects if isinstance(each, CallEnded)]
    assert [each.outcome for each in ended] == [CallOutcome.ABANDONED_IN_MENU]
    assert engine.next_deadline() is None
