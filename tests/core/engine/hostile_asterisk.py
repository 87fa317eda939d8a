"""
Asterisk as a hostile world has it: which legs live, what is bridged, what is played and recorded.

Rule 1: commands change it; what it tells, and when, is the world's affair.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ekc_telephony.core.call.commands import (
    AnswerLeg,
    Command,
    DestroyBridge,
    DialAgent,
    DialNumber,
    HangUpLeg,
    JoinBridge,
    LeaveBridge,
    PlayPrompts,
    RecordLeg,
    SendToFallback,
    StopRecording,
    TapLeg,
)
from ekc_telephony.core.call.events import ControlRegained, LiveLeg
from ekc_telephony.core.kernel.ids import AgentId, BridgeId, Did, LegId


@dataclass(slots=True, kw_only=True)
class Leg:
    """A channel, as Asterisk knows it."""

    leg: LegId
    created_at: datetime
    did: Did | None = None
    agent: AgentId | None = None
    number: str | None = None
    is_alive: bool = True
    is_answered: bool = False
    is_asked_to_go: bool = False


@dataclass(slots=True)
class Asterisk:
    """What is true in Asterisk, whether the engine sees it or not."""

    legs: dict[LegId, Leg] = field(default_factory=dict)
    bridges: dict[BridgeId, tuple[LegId, ...]] = field(default_factory=dict)
    playing: list[PlayPrompts] = field(default_factory=list)
    ever_played: list[PlayPrompts] = field(default_factory=list)
    recording: dict[LegId, RecordLeg] = field(default_factory=dict)
    """Messages that are being spoken."""
    ever_recorded: list[RecordLeg] = field(default_factory=list)

    def alive(self) -> list[Leg]:
        return [leg for leg in self.legs.values() if leg.is_alive]

    def obey(self, command: Command, now: datetime) -> None:  # noqa: C901, PLR0912 (one row per command)
        match command:
            case AnswerLeg(leg=leg):
                self.legs[leg].is_answered = True
            case HangUpLeg(leg=leg) if leg in self.legs:
                self.legs[leg].is_asked_to_go = True
            case SendToFallback(leg=leg):
                self.legs[leg].is_alive = False
            case DialAgent(leg=leg, agent=agent):
                self.legs[leg] = Leg(leg=leg, created_at=now, agent=agent)
            case DialNumber(leg=leg):
                self.legs[leg] = Leg(leg=leg, created_at=now, agent=AgentId("the trunk"))
            case TapLeg(tap=tap):
                self.legs[tap] = Leg(leg=tap, created_at=now)
            case PlayPrompts():
                self.playing.append(command)
                self.ever_played.append(command)
            case RecordLeg(leg=leg, recording=recording):
                if recording not in {each.recording for each in self.ever_recorded}:
                    self.recording[leg] = command
                    self.ever_recorded.append(command)
            case StopRecording(recording=recording):
                self.recording = {
                    leg: each for leg, each in self.recording.items() if each.recording != recording
                }
            case JoinBridge(bridge=bridge, legs=legs):
                self.join(bridge, legs)
            case LeaveBridge(bridge=bridge, legs=legs) if bridge in self.bridges:
                self.takes_out(bridge, legs)
            case DestroyBridge(bridge=bridge):
                self.bridges.pop(bridge, None)
            case _:
                pass

    def join(self, bridge: BridgeId, legs: tuple[LegId, ...]) -> None:
        """Move legs, as Asterisk does when they are in another bridge; only an asker may be."""
        for other, inside in self.bridges.items():
            if other != bridge and set(inside) & set(legs):
                self.bridges[other] = tuple(leg for leg in inside if leg not in legs)
        there = self.bridges.get(bridge, ())
        self.bridges[bridge] = tuple(dict.fromkeys((*there, *legs)))

    def ends(self, leg: LegId) -> None:
        if leg in self.legs:
            self.legs[leg].is_alive = False
        self.playing = [each for each in self.playing if each.leg != leg]
        self.recording.pop(leg, None)

    def takes_out(self, bridge: BridgeId, legs: tuple[LegId, ...]) -> None:
        self.bridges[bridge] = tuple(leg for leg in self.bridges[bridge] if leg not in legs)
        if not self.bridges[bridge]:
            del self.bridges[bridge]

    def snapshot(self) -> ControlRegained:
        bridge_of = {leg: bridge for bridge, legs in self.bridges.items() for leg in legs}
        live = [
            LiveLeg(
                leg=leg.leg,
                did=leg.did,
                agent=leg.agent,
                number=leg.number,
                is_answered=leg.is_answered,
                bridge=bridge_of.get(leg.leg),
                created_at=leg.created_at,
            )
            for leg in self.alive()
        ]
        bridges = frozenset(self.bridges) | {BridgeId("somebody-else's")}
        return ControlRegained(legs=tuple(live), bridges=bridges)
