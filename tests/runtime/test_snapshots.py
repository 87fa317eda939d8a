"""
Snapshots of earlier releases are adopted by this one.

`tests/recordings/snapshots/` holds the opening record of a journal for each release that changed
what is in it: one call in each phase, with `full_office()` as its source. A file is never changed;
a release that changes `core/engine/state.py` adds one (`python -m tests.runtime.test_snapshots`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony import __version__
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    EndReason,
    FeatureDialled,
    LegAnswered,
    LegEnded,
    LiveLeg,
    PlaybackFinished,
)
from ekc_telephony.core.call.facts import CallEnded, CallOutcome
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.engine.engine import Effect, Engine
from ekc_telephony.core.engine.state import Changes, EngineState, Phase
from ekc_telephony.core.kernel.ids import BridgeId, CallId, Did, LegId, PlaybackId
from ekc_telephony.runtime.journal_codec import Opening, decode, encode_opening, encode_step
from tests.core.office import ANNA, BORIS, NOON, URGENT, VERA, engine, restored_engine, seconds

SNAPSHOTS: Final = Path(__file__).parents[1] / "recordings" / "snapshots"
_DIDS: Final = {"menu": "100", "talk": "200", "offer": "200", "wait": "200", "wrap": "200"}
_LATER: Final = NOON + seconds(60)


def _call(name: str) -> CallId:
    return CallId(f"ekc-1795253112.{sorted(_DIDS).index(name) + 1}")


def full_office() -> Engine:
    """Return an engine with one call in each phase; Anna talks, Boris rings, Vera is at lunch."""
    core = engine(ready=[ANNA])
    core.handle(ControlRegained(legs=(), bridges=frozenset()), NOON)
    for name in ("wrap", "talk"):
        core.handle(CallArrived(call=_call(name), did=Did("200"), number="+79991234567"), NOON)
        core.handle(LegAnswered(leg=LegId(f"{_call(name)}-offer-1")), NOON + seconds(1))
        if name == "wrap":
            gone = LegEnded(leg=LegId(_call(name)), reason=EndReason.HUNG_UP)
            core.handle(gone, NOON + seconds(20))
            core.on_time(NOON + seconds(35))
    core.handle(FeatureDialled(leg=LegId("code"), agent=BORIS, code="*45"), NOON + seconds(40))
    core.handle(LegEnded(leg=LegId("code"), reason=EndReason.HUNG_UP), NOON + seconds(41))
    core.handle(FeatureDialled(leg=LegId("lunch"), agent=VERA, code="*462"), NOON + seconds(42))
    for name in ("offer", "wait", "menu"):
        arrived = CallArrived(call=_call(name), did=Did(_DIDS[name]), number=None)
        core.handle(arrived, NOON + seconds(43))
    played = PlaybackId(f"{_call('menu')}-play-1")
    leg = LegId(_call("menu"))
    heard = PlaybackFinished(playback=played, leg=leg, was_played=True)
    core.handle(heard, NOON + seconds(50))
    return core


def _read(path: Path) -> EngineState:
    opening = decode(path.read_bytes())
    assert isinstance(opening, Opening)
    return opening.state


def _alive(state: EngineState) -> ControlRegained:
    legs: list[LiveLeg] = []
    for session in state.sessions:
        if session.phase is Phase.OVER:
            continue
        bridge = None if session.talk is None else session.talk.bridge
        legs.append(_live(LegId(session.call), Did(session.did), bridge))
        if session.talk is not None:
            legs.append(_live(session.talk.leg, None, bridge))
        if session.offer is not None:
            legs.append(_live(LegId(session.offer.offer), None, None))
    return ControlRegained(legs=tuple(legs), bridges=frozenset())


def _live(leg: LegId, did: Did | None, bridge: BridgeId | None) -> LiveLeg:
    return LiveLeg(
        leg=leg,
        did=did,
        agent=None,
        number=None,
        is_answered=did is not None,
        bridge=bridge,
        created_at=NOON,
    )


def _endings(effects: list[Effect]) -> list[CallOutcome]:
    return [each.outcome for each in effects if isinstance(each, CallEnded)]


@pytest.mark.parametrize("path", sorted(SNAPSHOTS.glob("*.opening")), ids=lambda path: path.stem)
def test_the_calls_of_an_earlier_release_go_on_to_their_ends(path: Path) -> None:
    state = _read(path)
    again = restored_engine(state, _LATER)
    again.handle(_alive(state), _LATER)
    phases = {call: session.phase for call, session in again.sessions.items()}
    assert phases == {
        _call("menu"): Phase.MENU,
        _call("talk"): Phase.TALKING,
        _call("offer"): Phase.WAITING,
        _call("wait"): Phase.WAITING,
    }
    agents = again.acd.agents
    assert agents[ANNA].activity is Activity.TALKING
    assert (agents[BORIS].activity, agents[BORIS].call) == (Activity.RESERVED, _call("offer"))
    assert agents[VERA].presence is Presence.NOT_READY
    assert [each.call for each in again.acd.waiting_in(URGENT)] == [_call("offer"), _call("wait")]
    ended = [
        outcome
        for name in ("menu", "talk", "offer", "wait")
        for outcome in _endings(
            again.handle(LegEnded(leg=LegId(_call(name)), reason=EndReason.HUNG_UP), _LATER)
        )
    ]
    assert ended == [
        CallOutcome.ABANDONED_IN_MENU,
        CallOutcome.ANSWERED,
        CallOutcome.ABANDONED_IN_QUEUE,
        CallOutcome.ABANDONED_IN_QUEUE,
    ]


def test_this_release_writes_what_its_snapshot_says() -> None:
    newest = max(SNAPSHOTS.glob("*.opening"))
    written = decode(_opening_of(full_office()))
    assert isinstance(written, Opening)
    assert written.state == _read(newest), "core/engine/state.py changed: add a snapshot"


def test_a_field_is_read_under_the_name_that_an_earlier_release_gave_it() -> None:
    """The agent who heard whose caller it is, when that release ended, is connected by this one."""
    (ringing,) = [each for each in full_office().state().sessions if each.offer is not None]
    assert ringing.offer is not None
    briefed = replace(ringing, offer=replace(ringing.offer, briefing=PlaybackId("olga-heard")))
    written = encode_step(NOON, None, [], Changes(sessions=(briefed,)), is_broken=False)
    before = written.replace(b"\xa8briefing", b"\xa7whisper")
    assert before != written
    assert decode(before) == decode(written)


def _opening_of(core: Engine) -> bytes:
    return encode_opening(
        Opening(release=__version__, life="", texts={}, state=core.state(), stored_through=0)
    )


if __name__ == "__main__":
    number = len(list(SNAPSHOTS.glob("*.opening"))) + 1
    (SNAPSHOTS / f"{number:03}-release-{__version__}.opening").write_bytes(
        _opening_of(full_office())
    )
