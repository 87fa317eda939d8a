"""
A call of the past walked through a version of its script, in virtual time.

The caller does what he did: at each question what he did at that question, in the order in which
he did it there, however long the words before it have become. He listens as long as he listened,
and thinks as long as he thought. An information system that is asked the same answers the same.

Rule 1: nothing is invented. Where the version asks what he was never asked, where a key means
something else, or a system is asked something else, the walk stops: `Unknown` says where and why.
Rule 2: business hours and `Until` count at the moment of then.
Rule 3: a call walked through its own version goes where it went.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Final, assert_never

from ekc_telephony.core.ivr.interpreter import EndlessScriptError, Visit
from ekc_telephony.core.ivr.retelling.likeness import Likeness
from ekc_telephony.core.ivr.retelling.recorded import (
    Act,
    CameBack,
    Clocks,
    Exit,
    ExitKind,
    HungUp,
    Looked,
    Pressed,
    RecordedCall,
    Silent,
    Skipped,
    Stay,
)
from ekc_telephony.core.ivr.script import Collect, Lookup, Menu, Play, Question, Script
from ekc_telephony.core.ivr.visit_effects import (
    Answered,
    Ask,
    Identified,
    Join,
    PromiseCallback,
    Questioned,
    RingOutside,
    Say,
    StopSaying,
    SwitchLanguage,
    TakeLeave,
    TakeMessage,
    VisitEffect,
)
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, ServiceId

Lengths = Callable[[PromptKey, str], timedelta]
"""How long a prompt is in a language."""

_ANY_KEY: Final = "?"
"""Cuts words short and is nobody's answer."""
_NOTHING: Final = timedelta()


class Doubt(Enum):
    """Why nobody knows how a call goes on."""

    NEVER_ASKED = "he was never asked this"
    ASKED_MORE = "he is asked more often than he was"
    OTHER_MEANING = "the key he pressed means something else"
    TYPED_MORE = "he typed more digits than are taken"
    TOO_LATE = "he thought longer than he is waited for"
    WAITED_FOR_LONGER = "he was silent, but is waited for longer"
    OTHER_LOOKUP = "an information system is asked something else"
    SLOW_LOOKUP = "an information system had not answered, but is waited for longer"
    HUNG_UP_BEFORE = "it takes longer than he stayed"
    IN_CIRCLES = "the script goes on talking in a circle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody knows how the call goes on from here."""

    node: NodeId
    """Of the version it was told with."""
    doubt: Doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What he was told at a node."""

    node: NodeId
    prompts: tuple[PromptKey, ...] = field(repr=False)
    """Complete: numbers and names of this caller are among them."""
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """He was led to a person: a queue, a number outside."""

    after: timedelta
    """Since the beginning of the call."""
    keys: int
    """So many keys it took him."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How a call goes."""

    end: Exit | Unknown
    said: tuple[Said, ...]
    keys: int
    person: Reached | None
    answers: tuple[tuple[str, str], ...] = ()
    """His answers to questions that are kept: question, answer."""


def walk(
    call: RecordedCall,
    version: Script,
    *,
    clocks: Clocks,
    lengths: Lengths,
) -> Walk:
    """
    Walk a call of the past through a version of its script.

    Args:
        call: The call.
        version: The version.
        clocks: By which the version goes.
        lengths: How long prompts are.
    """
    likeness = Likeness(call.script, version)
    return _Walker(call, version, likeness, clocks, lengths).walk()


class _StopError(Exception):
    """The walk is over."""

    def __init__(self, end: Exit | Unknown) -> None:
        super().__init__()
        self.end = end


class _Walker:
    def __init__(
        self,
        call: RecordedCall,
        version: Script,
        likeness: Likeness,
        clocks: Clocks,
        lengths: Lengths,
    ) -> None:
        self._call, self._version = call, version
        self._likeness, self._lengths = likeness, lengths
        self._now = call.began_at
        self._visit = Visit(
            version,
            clocks.schedules,
            call=call.call,
            number=call.number,
            did=call.did,
            zones=clocks.zones,
            watch=self._come_to,
        )
        self._stays: dict[NodeId, deque[Stay]] = {}
        for stay in call.stays:
            self._stays.setdefault(stay.node, deque()).append(stay)
        self._looked: dict[tuple[ServiceId, frozenset[tuple[str, str]]], deque[Looked]] = {}
        for each in call.lookups:
            asked = (each.service, frozenset(each.fields.items()))
            self._looked.setdefault(asked, deque()).append(each)
        self._has_come = False
        self._was_asked = False
        """Of the node where he is there is a stay."""
        self._acts: deque[Act] = deque()
        self._words = _NOTHING
        """How much of what is said is still to be heard."""
        self._ask: Ask | None = None
        self._exit: Exit | None = None
        self._language = version.languages[0]
        self._said: list[Said] = []
        self._answers: list[tuple[str, str]] = []
        self._keys = 0
        self._person: Reached | None = None

    def walk(self) -> Walk:
        end = self._end()
        stayed = self._call.hung_up_after
        is_other = isinstance(end, Exit) and end.kind is not ExitKind.HANGUP
        if is_other and stayed is not None and self._now - self._call.began_at > stayed:
            end = self._unknown(Doubt.HUNG_UP_BEFORE)
        return Walk(
            end=end,
            said=tuple(self._said),
            keys=self._keys,
            person=self._person,
            answers=tuple(self._answers),
        )

    def _end(self) -> Exit | Unknown:
        acts = sum(1 + len(stay.acts) for stay in self._call.stays)
        try:
            effects = self._visit.start(self._now)
            for _ in range(4 * len(self._version.nodes) + acts + 16):
                self._take(effects)
                effects = self._go_on()
        except _StopError as stop:
            return stop.end
        except EndlessScriptError:
            pass
        return self._unknown(Doubt.IN_CIRCLES)

    def _unknown(self, doubt: Doubt) -> Unknown:
        return Unknown(node=self._visit.node, doubt=doubt)

    def _doubt(self, doubt: Doubt) -> _StopError:
        return _StopError(self._unknown(doubt))

    def _come_to(self, node: NodeId) -> None:
        del node  # he may only pass by; where he stays, the visit says
        self._has_come = True

    # --- what the version wants

    def _take(self, effects: list[VisitEffect]) -> None:
        for effect in effects:
            match effect:
                case Say(prompts=prompts):
                    self._words = self._say(prompts)
                case StopSaying():
                    self._words = _NOTHING
                case Ask():
                    self._ask = effect
                case Answered(question=question, answer=answer):
                    self._answers.append((question, answer))
                case SwitchLanguage(language=language):
                    self._language = language
                case Questioned() | Identified():
                    pass
                case _:
                    self._leave(effect)

    def _leave(
        self, effect: Join | RingOutside | TakeMessage | PromiseCallback | TakeLeave
    ) -> None:
        match effect:
            case Join(place=place):
                self._exit = Exit(ExitKind.QUEUE, place.queue)
                self._reach()
            case RingOutside(number=number):
                self._exit = Exit(ExitKind.TRANSFER, number)
                self._reach()
            case TakeMessage(prompts=prompts):
                self._exit = Exit(ExitKind.MESSAGE)
                self._say(prompts)
            case PromiseCallback(prompts=prompts):
                self._exit = Exit(ExitKind.CALLBACK)
                self._say(prompts)
            case TakeLeave(prompts=prompts, outcome=outcome):
                self._exit = Exit(ExitKind.GOODBYE, outcome.value)
                self._say(prompts)
            case _:
                assert_never(effect)

    def _reach(self) -> None:
        if self._person is None:
            self._person = Reached(after=self._now - self._call.began_at, keys=self._keys)

    def _say(self, prompts: tuple[PromptKey, ...]) -> timedelta:
        if prompts:
            told = Said(node=self._visit.node, prompts=prompts, language=self._language)
            self._said.append(told)
        return sum((self._lengths(each, self._language) for each in prompts), _NOTHING)

    # --- what the caller does

    def _go_on(self) -> list[VisitEffect]:
        if self._has_come:
            self._begin_stay()
        if self._exit is not None:
            return self._come_back(self._exit)
        node = self._version.nodes[self._visit.node]
        match node:
            case Play():
                return self._listen()
            case Menu() | Question() | Collect():
                return self._answer(node.timeout)
            case Lookup(patience=patience):
                return self._wait_for_answer(patience)
            case _:
                raise AssertionError(f"nobody rests at {self._visit.node}")

    def _begin_stay(self) -> None:
        left = self._acts[0] if self._acts else None
        if isinstance(left, Pressed) and not left.is_first:
            raise self._doubt(Doubt.TYPED_MORE)
        self._has_come = False
        former = self._likeness.former(self._visit.node)
        stays = self._stays.get(former) if former is not None else None
        self._was_asked = bool(stays)
        self._acts = deque(stays.popleft().acts if stays else ())

    def _come_back(self, way_out: Exit) -> list[VisitEffect]:
        act = self._acts.popleft() if self._acts else None
        if not isinstance(act, CameBack):
            raise _StopError(way_out)
        self._now += act.after
        match way_out.kind:
            case ExitKind.QUEUE if self._visit.goes_on_after_talk:
                effects = self._visit.on_talk_over(self._now)
            case ExitKind.TRANSFER:
                effects = self._visit.on_not_connected(self._now)
            case ExitKind.MESSAGE:
                effects = self._visit.on_no_message(self._now)
            case _:
                raise _StopError(way_out)
        self._exit = None
        return effects

    def _listen(self) -> list[VisitEffect]:
        match self._acts.popleft() if self._acts else None:
            case Skipped(after=after):
                self._listen_for(after)
                return self._visit.on_key(_ANY_KEY, self._now)
            case HungUp(waited=waited):
                raise self._hang_up(waited)
            case _:
                return self._hear()

    def _answer(self, patience: timedelta) -> list[VisitEffect]:
        match self._acts.popleft() if self._acts else None:
            case Pressed() as pressed:
                return self._press(pressed, patience)
            case Silent(waited=waited):
                if patience > waited:
                    raise self._doubt(Doubt.WAITED_FOR_LONGER)
                effects = self._hear()
                self._now += patience
                return effects + self._visit.on_time(self._now)
            case HungUp(waited=waited, over_words=True):
                raise self._hang_up(waited)
            case HungUp(waited=waited):
                self._hear()
                raise self._hang_up(min(waited, patience))
            case _:
                raise self._doubt(Doubt.ASKED_MORE if self._was_asked else Doubt.NEVER_ASKED)

    def _press(self, pressed: Pressed, patience: timedelta) -> list[VisitEffect]:
        if not self._likeness.means_the_same(self._visit.node, pressed.key):
            raise self._doubt(Doubt.OTHER_MEANING)
        effects: list[VisitEffect] = []
        if pressed.over_words:
            self._listen_for(pressed.waited)
        else:
            if pressed.waited >= patience:
                raise self._doubt(Doubt.TOO_LATE)
            effects = self._hear()
            self._now += pressed.waited
        self._keys += 1
        return effects + self._visit.on_key(pressed.key, self._now)

    def _wait_for_answer(self, patience: timedelta) -> list[VisitEffect]:
        assert self._ask is not None  # whoever comes to a lookup asks
        ask, self._ask = self._ask, None
        looked = self._looked.get((ask.service, frozenset(ask.fields.items())))
        found = looked.popleft() if looked else None
        act = self._acts.popleft() if self._acts else None
        if isinstance(act, HungUp):
            raise self._hang_up(min(act.waited, patience))
        if found is None:
            raise self._doubt(Doubt.OTHER_LOOKUP)
        if found.took >= patience:
            self._now += patience
            return self._visit.on_time(self._now)
        if found.result is None:
            raise self._doubt(Doubt.SLOW_LOOKUP)
        self._now += found.took
        return self._visit.on_answer(ask.request, found.result, self._now)

    # --- time

    def _hear(self) -> list[VisitEffect]:
        """Hear all that is said; nothing when nothing is."""
        if not self._words:
            return [] if self._visit.next_deadline() is not None else self._heard()
        self._now += self._words
        return self._heard()

    def _heard(self) -> list[VisitEffect]:
        self._words = _NOTHING
        return self._visit.on_heard(self._now)

    def _listen_for(self, time: timedelta) -> None:
        """Listen so long, and never longer than something is said."""
        self._now += min(time, self._words)
        self._words = _NOTHING

    def _hang_up(self, waited: timedelta) -> _StopError:
        self._now += waited
        former = self._likeness.former(self._visit.node)
        return _StopError(Exit(ExitKind.HANGUP, former or self._visit.node))
