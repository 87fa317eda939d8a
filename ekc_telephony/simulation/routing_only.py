"""
The ACD alone: who talks to whom, without scripts, prompts and legs.

The decisions are those of the whole engine, since they are made by the same `Acd`; what is left out
is what a caller hears on the way.

Rule 1: an effect that nobody here knows is refused: a caller must not get lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    CallbackOffered,
    CallerJoined,
    CallerLeft,
    CallerMoved,
    ConversationEnded,
    LapseReason,
    MessageOffered,
    NobodySignedIn,
    OfferAccepted,
    OfferLapsed,
    OfferMade,
    PresenceSet,
    WrapUpEnded,
    WrapUpStarted,
)
from ekc_telephony.core.call.facts import SHORT_CALL, AgentChanged, CallOutcome
from ekc_telephony.core.kernel.ids import CallId, OfferId
from ekc_telephony.settings.routing import acd_of
from ekc_telephony.simulation.agenda import Agenda
from ekc_telephony.simulation.ledger import Entry
from ekc_telephony.simulation.load import Playable
from ekc_telephony.simulation.people import People
from ekc_telephony.simulation.shifts import Declaration

OFFER_HEARD_S: Final = 8.0
"""How long a caller listens to the offer to be called back before he presses the key."""


class NotRoutingAloneError(Exception):
    """The ACD asks for what only the whole engine can do; `level: engine` simulates it."""


class RoutingOnly:
    """
    The ACD with its world.

    Args:
        playable: Queues and agents.
        agenda: The virtual clock.
        people: Callers and operators.
    """

    def __init__(self, playable: Playable, agenda: Agenda, people: People) -> None:
        self._acd = acd_of(playable.centre)
        self._agenda = agenda
        self._people = people
        self._entries: dict[CallId, Entry] = {}
        self._calls: dict[int, CallId] = {}
        self._offers: dict[OfferId, Entry] = {}
        """Phones that ring."""
        self._talking: set[int] = set()
        self._doers: Mapping[type[AcdEffect], Callable[[Any], None]] = {
            OfferMade: self._offer_made,
            NobodySignedIn: self._nobody_signed_in,
            CallbackOffered: self._callback_offered,
            MessageOffered: _nothing,
            CallerMoved: _nothing,
            AgentChanged: self._agent_changed,
            WrapUpStarted: _nothing,
            WrapUpEnded: _nothing,
        }

    # --- what people do

    def arrives(self, entry: Entry) -> None:
        """Let a caller call; he waits as soon as his menu is over."""
        self._agenda.after(entry.caller.menu_s, self._join, entry)

    def _join(self, entry: Entry) -> None:
        queue = entry.caller.queue
        if queue is None:
            raise NotRoutingAloneError(
                f"found callers who dial {entry.caller.did} and walk through its script; "
                "expected `queue:` for each kind of caller, or `level: engine`"
            )
        call = CallId(f"ekc-{int(self._agenda.now.timestamp())}.{len(self._entries) + 1}")
        self._entries[call], self._calls[id(entry)] = entry, call
        self._people.waits(entry, queue)
        self._tell(CallerJoined(call=call, queue=queue))

    def hangs_up(self, entry: Entry) -> None:
        """Let a caller hang up."""
        call = self._calls[id(entry)]
        if id(entry) in self._talking:
            self._talking.discard(id(entry))
            self._people.talk_is_over(entry)
            self._people.is_gone(entry, CallOutcome.ANSWERED)
            self._tell(ConversationEnded(call=call))
            return
        is_short = self._people.lasting_of(entry) < SHORT_CALL
        outcome = CallOutcome.SHORT if is_short else CallOutcome.ABANDONED_IN_QUEUE
        self._people.is_gone(entry, outcome)
        self._tell(CallerLeft(call=call))

    def picks_up(self, offer: OfferId) -> None:
        """Let the operator answer."""
        entry = self._offers.pop(offer, None)
        if entry is None or entry.ended_s is not None:
            return
        self._talking.add(id(entry))
        self._people.talks(entry)
        self._tell(OfferAccepted(offer=offer))

    def declines(self, offer: OfferId) -> None:
        """Let the operator decline."""
        self._lapse((offer, LapseReason.REFUSED))

    def declares(self, declaration: Declaration) -> None:
        """Let an operator declare his presence."""
        self._tell(
            PresenceSet(
                agent=declaration.agent,
                presence=declaration.presence,
                reason=declaration.reason,
            )
        )

    # --- time

    def next_deadline(self) -> datetime | None:
        """Return when the ACD must next be asked."""
        return self._acd.next_deadline()

    def on_time(self) -> None:
        """Ask the ACD what is due."""
        self._follow(self._acd.on_time(self._agenda.now))

    # --- what the ACD says

    def _tell(self, event: AcdEvent) -> None:
        self._follow(self._acd.handle(event, self._agenda.now))

    def _follow(self, effects: Iterable[AcdEffect]) -> None:
        for effect in effects:
            doer = self._doers.get(type(effect))
            if doer is None:
                raise NotRoutingAloneError(
                    f"found {type(effect).__name__}, which only the whole engine can carry out; "
                    "write `level: engine`"
                )
            doer(effect)

    def _offer_made(self, made: OfferMade) -> None:
        entry = self._entries[made.call]
        self._offers[made.offer] = entry
        self._people.rings(entry, made.offer, made.ring_time)
        self._agenda.after(
            made.ring_time.total_seconds(), self._lapse, (made.offer, LapseReason.NOT_ANSWERED)
        )

    def _lapse(self, lapse: tuple[OfferId, LapseReason]) -> None:
        offer, reason = lapse
        entry = self._offers.pop(offer, None)
        if entry is not None and entry.ended_s is None:
            self._tell(OfferLapsed(offer=offer, reason=reason))

    def _nobody_signed_in(self, effect: NobodySignedIn) -> None:
        self._people.is_gone(self._entries[effect.call], CallOutcome.INFORMED_NO_AGENTS)

    def _callback_offered(self, effect: CallbackOffered) -> None:
        entry = self._entries[effect.call]
        if entry.caller.takes_callback:
            self._agenda.after(OFFER_HEARD_S, self._ask_for_callback, (effect.call, entry))

    def _ask_for_callback(self, asking: tuple[CallId, Entry]) -> None:
        call, entry = asking
        if entry.answered_s is None and entry.ended_s is None:
            self._people.is_gone(entry, CallOutcome.CALLBACK_PROMISED)
            self._tell(CallerLeft(call=call))

    def _agent_changed(self, fact: AgentChanged) -> None:
        entry = None if fact.call is None else self._entries.get(fact.call)
        self._people.agent_changed(fact, entry)


def _nothing(_effect: AcdEffect) -> None:
    """Do nothing: nobody does anything else because of it."""
