"""An engine in which somebody talks to a caller, for the tests of what he can ask for him."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.commands import (
    AnswerTransfer,
    Command,
    DialAgent,
    HangUpLeg,
    TransferResult,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    EndReason,
    Event,
    FeatureDialled,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LiveLeg,
    TransferAsked,
)
from ekc_telephony.core.call.facts import CallNoted, Fact, SegmentKind, SegmentOutcome
from ekc_telephony.core.call.presence import Activity
from ekc_telephony.core.engine.engine import Effect, Engine, EnginePlan
from ekc_telephony.core.engine.transfer import Directory
from ekc_telephony.core.kernel.ids import AgentId, BridgeId, CallId, Did, LegId
from ekc_telephony.core.stats.from_facts import records_of
from tests.core.office import ANNA, CODES, NOON, OFFICE_HOURS, QUEUES, SCRIPTS, acd, seconds

CALL: Final = CallId("ekc1-1.1")
OWN: Final = LegId("ekc1-1.2")
"""The second leg of Anna, who asks for advice."""
TALK: Final = LegId(f"{CALL}-offer-1")
ADVICE: Final = LegId(f"{CALL}-advice-2")


class Hall:
    """
    An engine in which Anna talks to a caller since the third second.

    Args:
        ready: Who is ready besides her.
        directory: Whom she may reach.
        silence_after: How long both may be silent in all queues; None: nobody looks.
    """

    def __init__(
        self,
        *ready: AgentId,
        directory: Directory | None = None,
        silence_after: timedelta | None = None,
    ) -> None:
        plan = EnginePlan(
            scripts=SCRIPTS,
            schedules={"office": OFFICE_HOURS},
            feature_codes=CODES,
            directory=directory or Directory(),
        )
        queues = [replace(each, silence_after=silence_after) for each in QUEUES]
        self.engine = Engine(plan, acd(ready=[ANNA, *ready], queues=queues))
        self.said: list[Effect] = []
        self.tell(0, CallArrived(call=CALL, did=Did("200"), number="79001234567"))
        self.tell(3, LegAnswered(leg=TALK))

    def tell(self, second: float, event: Event) -> list[Effect]:
        """Let an event happen, and return what followed from it."""
        self.pass_time(second)
        effects = self.engine.handle(event, at(second))
        self.said += effects
        return effects

    def pass_time(self, second: float) -> None:
        """Let everything happen that is due until then."""
        while (due := self.engine.next_deadline()) is not None and due <= at(second):
            self.said += self.engine.on_time(due)

    def asks(self, second: float, whom: str) -> list[Effect]:
        """Let Anna call a colleague from her phone."""
        return self.tell(second, FeatureDialled(leg=OWN, agent=ANNA, code=whom))

    def transfers(self, second: float, whom: str) -> list[Effect]:
        """Let Anna send her caller on."""
        return self.tell(second, TransferAsked(leg=TALK, target=whom, is_attended=False))

    def hands_over(
        self, second: float, *, on: LegId = TALK, to: LegId | None = OWN
    ) -> list[Effect]:
        """Let Anna connect her caller with whom she asked."""
        asked = TransferAsked(leg=on, target="", is_attended=True, consulted=to)
        return self.tell(second, asked)

    def goes(self, second: float, leg: LegId) -> list[Effect]:
        """Let a leg end."""
        return self.tell(second, LegEnded(leg=leg, reason=EndReason.HUNG_UP))

    def consults(self, second: float) -> None:
        """Let Anna ask Boris on her second line, who answers at once."""
        self.asks(second, "boris")
        self.tell(second, LegAnswered(leg=ADVICE))

    def answers_advice(self, second: float) -> list[Effect]:
        """Let whoever is asked for advice pick up."""
        return self.tell(second, LegAnswered(leg=ADVICE))

    def types(self, second: float, keys: str, *, on: LegId = TALK) -> list[Effect]:
        """Let Anna press keys on one of her lines, and return what followed from the last."""
        said: list[Effect] = []
        for key in keys:
            said = self.tell(second, KeyPressed(leg=on, key=key))
        return said

    @property
    def notes(self) -> list[tuple[str | None, str | None, str | None]]:
        """Return who sent the caller where, and why."""
        noted = [each for each in self.said if isinstance(each, CallNoted)]
        return [(each.agent, each.target, each.reason) for each in noted]

    @property
    def facts(self) -> list[Fact]:
        """What was concluded so far."""
        return [each for each in self.said if not isinstance(each, Command)]

    def activity(self, agent: AgentId) -> Activity:
        """Return what an agent does."""
        return self.engine.acd.agents[agent].activity

    def talks(self) -> list[tuple[str | None, float, SegmentOutcome | None]]:
        """Return who talked for how many seconds, and how each talk ended."""
        (call,) = records_of(self.facts).calls
        return [
            (each.agent, (each.ended_at - each.started_at).total_seconds(), each.outcome)
            for each in call.segments
            if each.kind is SegmentKind.TALK and each.ended_at is not None
        ]

    def wrapped_up(self) -> list[AgentId | None]:
        """Return who wrapped up."""
        (call,) = records_of(self.facts).calls
        return [each.agent for each in call.segments if each.kind is SegmentKind.WRAP_UP]


def at(second: float) -> datetime:
    """Return the moment so many seconds after noon."""
    return NOON + seconds(second)


def answers(effects: Iterable[Effect]) -> list[tuple[LegId, TransferResult]]:
    """Return what phones were told about transfers."""
    return [(each.leg, each.result) for each in effects if isinstance(each, AnswerTransfer)]


def rung(effects: Iterable[Effect]) -> list[AgentId]:
    """Return whose phones were rung."""
    return [each.agent for each in effects if isinstance(each, DialAgent)]


def hung_up(effects: Iterable[Effect]) -> set[LegId]:
    """Return who was hung up on."""
    return {each.leg for each in effects if isinstance(each, HangUpLeg)}


def live(
    leg: LegId,
    bridge: BridgeId | None,
    *,
    did: Did | None = None,
    agent: AgentId | None = None,
    is_answered: bool = True,
) -> LiveLeg:
    """Return a leg as Asterisk shows it."""
    return LiveLeg(
        leg=leg,
        did=did,
        agent=agent,
        number=None,
        is_answered=is_answered,
        bridge=bridge,
        created_at=NOON,
    )
