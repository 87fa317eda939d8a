"""
Callers and operators as the core meets them: what they do, and when.

The core says what it did (a caller waits, a phone rings, a conversation began); people answer with
what they do next, and that is put on the agenda. Everything is written into the ledger.

Rule 1: nobody here decides who talks to whom: that is the core's.
Rule 2: people act on the agenda only, never in the middle of what the core is telling them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from ekc_telephony.core.call.facts import AgentChanged, CallOutcome
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, OfferId, QueueId
from ekc_telephony.simulation.agenda import Agenda
from ekc_telephony.simulation.dice import Dice
from ekc_telephony.simulation.ledger import Entry, Ledger
from ekc_telephony.simulation.scenario import Behaviour
from ekc_telephony.simulation.shifts import Declaration
from ekc_telephony.simulation.traffic import Caller, again


class Core(Protocol):
    """The production core as people can reach it, at one level or another."""

    def arrives(self, entry: Entry) -> None:
        """Let a caller call."""

    def hangs_up(self, entry: Entry) -> None:
        """Let a caller hang up, wherever he is."""

    def picks_up(self, offer: OfferId) -> None:
        """Let the operator answer his ringing phone; harmless when it rings no more."""

    def declines(self, offer: OfferId) -> None:
        """Let the operator decline; harmless when his phone rings no more."""

    def declares(self, declaration: Declaration) -> None:
        """Let an operator declare his presence."""

    def next_deadline(self) -> datetime | None:
        """Return when the core must next be asked what is due."""

    def on_time(self) -> None:
        """Ask the core what is due now."""


class People:
    """
    Everybody outside the core.

    Args:
        agenda: The virtual clock.
        ledger: What happened to them.
        behaviour: What operators do when their phones ring.
        dice: For what operators do.
    """

    def __init__(self, agenda: Agenda, ledger: Ledger, *, behaviour: Behaviour, dice: Dice) -> None:
        self._agenda = agenda
        self._ledger = ledger
        self._behaviour = behaviour
        self._answer = behaviour.answer.thrower(dice.of("answer"))
        self._luck = dice.of("offers")
        self._core: Core | None = None
        self._wishes: dict[AgentId, Presence] = {}
        """What an operator's shift says he is."""
        self._wrapping: dict[AgentId, Entry] = {}
        self.to_come = 0
        """Callers who have not called yet."""
        self.present = 0
        """Callers who have called and are still there."""

    def meet(self, core: Core) -> None:
        """Learn to know the core."""
        self._core = core

    # --- what is known beforehand

    def expect(self, callers: Sequence[Caller]) -> None:
        """Let everybody call at his time; they are in the order of arrival."""
        self.to_come += len(callers)
        # One after another, since an agenda of all would be slow to keep in order.
        self._expect_next(iter(callers))

    def _expect_next(self, callers: Iterator[Caller]) -> None:
        caller = next(callers, None)
        if caller is not None:
            self._agenda.at(self._moment(caller), self._call_in_turn, (caller, callers))

    def _call_in_turn(self, turn: tuple[Caller, Iterator[Caller]]) -> None:
        caller, following = turn
        self._expect_next(following)
        self._call(caller)

    def _moment(self, caller: Caller) -> datetime:
        return self._ledger.start + timedelta(seconds=caller.arrives_s)

    def declare(self, declaration: Declaration) -> None:
        """Let an operator declare himself; to be put on the agenda."""
        self._wishes[declaration.agent] = declaration.presence
        self._reach().declares(declaration)

    # --- what the core says

    def waits(self, entry: Entry, queue: QueueId) -> None:
        """Take note that a caller waits; only the first time begins his patience."""
        if entry.joined_s is not None:
            return
        entry.queue, entry.joined_s = queue, self._now_s()
        if entry.caller.patience_s != math.inf:
            self._agenda.after(entry.caller.patience_s, self._lose_patience, entry)

    def rings(self, entry: Entry, offer: OfferId, ring_time: timedelta) -> None:
        """Let an operator hear his phone."""
        entry.offers += 1
        if entry.offered_s is None:
            entry.offered_s = self._now_s()
        fate, ringing_s = self._luck.random(), self._answer()
        if fate < self._behaviour.refusal:
            self._agenda.after(ringing_s, self._reach().declines, offer)
        elif (
            fate >= self._behaviour.refusal + self._behaviour.no_answer
            and ringing_s < ring_time.total_seconds()
        ):
            self._agenda.after(ringing_s, self._reach().picks_up, offer)

    def talks(self, entry: Entry) -> None:
        """Let a conversation go on as long as the caller has something to say."""
        if entry.answered_s is None:
            entry.answered_s = self._now_s()
        self._agenda.after(entry.caller.talk_s, self._says_goodbye, entry)

    def lasting_of(self, entry: Entry) -> timedelta:
        """Return how long the call has lasted."""
        return timedelta(seconds=self._now_s() - entry.arrived_s)

    def talk_is_over(self, entry: Entry) -> None:
        """Take note of the end of a conversation."""
        entry.talk_ended_s = self._now_s()

    def is_gone(self, entry: Entry, outcome: CallOutcome) -> None:
        """Take note of the end of a call; who gave up may call again."""
        entry.ended_s, entry.outcome = self._now_s(), outcome
        self.present -= 1
        after_s = entry.caller.redials_after_s
        if outcome is CallOutcome.ABANDONED_IN_QUEUE and after_s is not None:
            self.expect([again(entry.caller, arrives_s=entry.ended_s + after_s)])

    def agent_changed(self, changed: AgentChanged, entry: Entry | None) -> None:
        """Let an operator act on how he is now; `entry` is the caller he has to do with."""
        self._ledger.agent_changed(changed)
        agent = changed.agent
        if changed.activity is not Activity.WRAP_UP or entry is None:
            if agent in self._wrapping:
                del self._wrapping[agent]
        elif self._wrapping.get(agent) is not entry:
            self._wrapping[agent] = entry
            if entry.caller.wrap_up_s is not None:
                self._agenda.after(entry.caller.wrap_up_s, self._has_wrapped_up, (agent, entry))
        if changed.reason is NotReadyReason.NO_ANSWER and changed.activity is Activity.IDLE:
            after_s = self._behaviour.back_after.total_seconds()
            self._agenda.after(after_s, self._comes_back, agent)

    # --- what people do then

    def _call(self, caller: Caller) -> None:
        self.to_come -= 1
        self.present += 1
        entry = Entry(caller=caller, arrived_s=self._now_s())
        self._ledger.entries.append(entry)
        self._reach().arrives(entry)

    def _lose_patience(self, entry: Entry) -> None:
        if entry.answered_s is None:
            self._says_goodbye(entry)

    def _says_goodbye(self, entry: Entry) -> None:
        if entry.ended_s is None:
            entry.has_hung_up = True
            self._reach().hangs_up(entry)

    def _has_wrapped_up(self, work: tuple[AgentId, Entry]) -> None:
        agent, entry = work
        if self._wrapping.get(agent) is entry:
            self._comes_back(agent)

    def _comes_back(self, agent: AgentId) -> None:
        """Be ready again, as far as the shift says so."""
        if self._wishes.get(agent) is Presence.READY:
            ready = Declaration(at=timedelta(), agent=agent, presence=Presence.READY)
            self._reach().declares(ready)

    def _reach(self) -> Core:
        assert self._core is not None
        return self._core

    def _now_s(self) -> float:
        return self._ledger.seconds(self._agenda.now)
