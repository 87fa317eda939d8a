"""
A rehearsal: one call to a script without a telephone, in virtual time.

Whoever rehearses plays the caller (`press`, `wait`, `listen`, `hang_up`) and the world around him
(`agent_hangs_up`, `nobody_answers_outside`, `leaves_no_message`); information systems answer what
was rehearsed with them. A core `Visit` does the rest, so what happens here is what happens to a
citizen; prompts take as long as they are.

    listening ──▶ asked for a key ──▶ listening … ──▶ away (queue, message, outside) ──▶ over
        ▲                                                        │
        └────────────────────────────────────────────────────────┘ where the script goes on

Rule 1: nothing here happens by itself: time stands still until somebody does something.
Rule 2: what cannot be done now (a key after the end) is `NotNowError`, and nothing has happened.
Rule 3: everything that happens is in `log`, in order; the clock never goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final, TypeAlias, assert_never

from ekc_telephony.core.call.facts import SHORT_CALL, CallOutcome
from ekc_telephony.core.call.lookup import LookupOutcome
from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.interpreter import Visit
from ekc_telephony.core.ivr.privacy import is_personal, personal_among, types_secret
from ekc_telephony.core.ivr.rehearsal_log import (
    Asked,
    Ended,
    EndKind,
    Heard,
    LanguageSet,
    Pressed,
    Proved,
    Rated,
    Returned,
    Silenced,
    Step,
    Surveyed,
    Told,
    Waited,
)
from ekc_telephony.core.ivr.rehearsed import AnswerDue, Rehearsed, RehearsedSystems
from ekc_telephony.core.ivr.script import Collect, Lookup, Menu, Node, Question, Script
from ekc_telephony.core.ivr.trail import (
    Cause,
    KeyPressed,
    SystemAnswered,
    TimePassed,
    Trail,
    Walked,
    WentOn,
)
from ekc_telephony.core.ivr.values import Value
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
from ekc_telephony.core.kernel.ids import CallId, NodeId, PromptKey, ServiceId

Lengths: TypeAlias = Callable[[PromptKey, str], timedelta]
"""How long a prompt is in a language."""

_CALL: Final = CallId("rehearsal")


class NotNowError(Exception):
    """That cannot be done at this moment of the call; the text says why."""


class Awaits(Enum):
    """What a rehearsal waits for."""

    LISTENER = "listener"
    """Something is said, or an information system is asked: `listen`."""
    KEY = "key"
    """All was said, and a key is waited for: `press` or `wait`."""
    AGENT = "agent"
    """He is in a queue, and will go on in the script after the talk: `agent_hangs_up`."""
    OUTSIDE = "outside"
    """A number outside is rung: `nobody_answers_outside`."""
    MESSAGE = "message"
    """He is to speak a message: `leaves_no_message`."""
    NOTHING = "nothing"
    """The call is over, or has left the script for good."""


class Rehearsal:
    """
    One call, from its entry into the script.

    Args:
        script: The script.
        schedules: The business hours it names, by the clock of this call.
        number: The caller's; None when it is hidden.
        did: The number he dialled.
        at: When he enters the script; aware.
        lookups: What information systems answer.
        lengths: How long prompts are.
    """

    def __init__(
        self,
        script: Script,
        *,
        schedules: Mapping[str, BusinessHours],
        number: str | None,
        did: str,
        at: datetime,
        lookups: Mapping[ServiceId, Rehearsed],
        lengths: Lengths,
    ) -> None:
        self.script = script
        self.now = at.astimezone(UTC)
        self._began_at = self.now
        self._number = number
        self._systems = RehearsedSystems(lookups)
        self._lengths = lengths
        self._log: list[Step] = []
        self._said_until: datetime | None = None
        self._answer: AnswerDue | None = None
        self._awaits = Awaits.LISTENER
        self._has_talked = False
        self._language = script.languages[0]
        self._trail = Trail(script, schedules)
        self._visit = Visit(
            script, schedules, call=_CALL, number=number, did=did, watch=self._trail.come_to
        )
        self._trail.follow(self._visit)
        self._after(WentOn(), lambda: self._visit.start(self.now))

    # --- what can be seen

    @property
    def log(self) -> Sequence[Step]:
        """Everything that has happened."""
        return self._log

    @property
    def node(self) -> NodeId:
        """Where the caller is, or has left."""
        return self._visit.node

    @property
    def nodes(self) -> Sequence[NodeId]:
        """The nodes he came to, in order."""
        return self._trail.nodes

    @property
    def ways(self) -> Sequence[Walked]:
        """The ways he went, in order."""
        return self._trail.ways

    @property
    def known(self) -> Mapping[str, Value]:
        """What the script knows; may be personal."""
        return self._visit.known

    @property
    def awaits(self) -> Awaits:
        """What has to happen now."""
        if self._awaits is not Awaits.LISTENER or self._next_sound() is not None:
            return self._awaits
        return Awaits.KEY

    @property
    def is_asked(self) -> bool:
        """Tell whether the caller may answer by a key, be it while he is still told how."""
        is_here = self._awaits is Awaits.LISTENER
        return is_here and isinstance(self._here, Menu | Question | Collect)

    @property
    def ended(self) -> Ended | None:
        """How the caller left the script; None while he is in it."""
        if self._awaits is Awaits.LISTENER:
            return None
        return next(step for step in reversed(self._log) if isinstance(step, Ended))

    # --- what the caller does

    def press(self, key: str) -> None:
        """
        Press a key, now: what is being said is cut short where the script allows it.

        Raises:
            NotNowError: Nobody listens to keys any more.
        """
        self._must_await(Awaits.LISTENER, "a key")
        is_personal = types_secret(self._here, self.script.variables)
        step = Pressed(at=self.now, node=self.node, key=key, is_personal=is_personal)
        self._log.append(step)
        self._after(KeyPressed(key), lambda: self._visit.on_key(key, self.now))

    def listen(self) -> None:
        """
        Listen to the end of what is said, or until the information system has answered.

        Raises:
            NotNowError: Nothing is said.
        """
        self._must_await(Awaits.LISTENER, "listening")
        sound = self._next_sound()
        if sound is None:
            raise NotNowError(f"nothing is said at {self.node}: press a key, or be silent")
        self._pass_to(sound)

    def listen_on(self, *, most: int | None = None) -> bool:
        """
        Listen until a key is waited for or the caller has left; tell whether it came to that.

        Args:
            most: So many prompts are listened to, by default more than a caller would: a script
                may talk in a circle.
        """
        for _ in range(most or 4 * len(self.script.nodes) + 16):
            if self.awaits is not Awaits.LISTENER:
                return True
            self.listen()
        return self.awaits is not Awaits.LISTENER

    def wait(self) -> None:
        """
        Be silent: listen to all that is said, and let the patience for a key run out.

        Raises:
            NotNowError: The caller has left, or the script never asks him.
        """
        self._must_await(Awaits.LISTENER, "silence")
        if not self.listen_on():
            raise NotNowError(f"the script goes on talking at {self.node}, and asks for no key")
        if self.awaits is not Awaits.KEY:
            return
        deadline = self._visit.next_deadline()
        assert deadline is not None
        self.now = max(self.now, deadline)
        self._log.append(Waited(at=self.now, node=self.node))
        self._after(TimePassed(), lambda: self._visit.on_time(self.now))

    def hang_up(self) -> None:
        """
        Hang up.

        Raises:
            NotNowError: The call is over.
        """
        if self._awaits is Awaits.NOTHING and self._is_over:
            raise NotNowError("the call is over")
        outcome = self._outcome_of_hangup()
        self._silence()
        self._end(EndKind.HANGUP, "", outcome, then=Awaits.NOTHING)

    # --- what the others do

    def agent_hangs_up(self) -> None:
        """
        Let an agent answer, talk and hang up; the caller goes on where the script wants it.

        Raises:
            NotNowError: The caller is in no queue from which he comes back.
        """
        self._must_await(Awaits.AGENT, "the end of a talk")
        self._has_talked = True
        self._return(lambda: self._visit.on_talk_over(self.now))

    def nobody_answers_outside(self) -> None:
        """
        Let nobody answer outside.

        Raises:
            NotNowError: Nobody is rung.
        """
        self._must_await(Awaits.OUTSIDE, "a call outside")
        self._return(lambda: self._visit.on_not_connected(self.now))

    def leaves_no_message(self) -> None:
        """
        Let the caller say nothing where he could leave a message.

        Whom we can call back is called back all the same.

        Raises:
            NotNowError: There is no message to leave.
        """
        self._must_await(Awaits.MESSAGE, "a message")
        if self._number is not None:
            self._end(EndKind.CALLBACK, "", CallOutcome.CALLBACK_PROMISED, then=Awaits.NOTHING)
            return
        self._return(lambda: self._visit.on_no_message(self.now))

    # --- how it goes on

    @property
    def _here(self) -> Node:
        return self.script.nodes[self.node]

    @property
    def _is_over(self) -> bool:
        ended = self.ended
        return ended is not None and ended.kind in {
            EndKind.GOODBYE,
            EndKind.CALLBACK,
            EndKind.HANGUP,
        }

    def _must_await(self, what: Awaits, wanted: str) -> None:
        if self._awaits is what:
            return
        ended = self.ended
        where = (
            f"the caller is still at {self.node}" if ended is None else f"he left: {_way(ended)}"
        )
        raise NotNowError(f"{wanted} is not awaited here; {where}")

    def _next_sound(self) -> datetime | None:
        """Return when what is said ends or a system answers, whichever comes first."""
        moments = [self._said_until, None if self._answer is None else self._answer.at]
        if isinstance(self._here, Lookup):
            moments.append(self._visit.next_deadline())
        return min((each for each in moments if each is not None), default=None)

    def _pass_to(self, moment: datetime) -> None:
        """Let time pass until one thing happens."""
        self.now = max(self.now, moment)
        if self._said_until == moment:
            self._said_until = None
            self._after(WentOn(), lambda: self._visit.on_heard(self.now))
        elif self._answer is not None and self._answer.at == moment:
            answer, self._answer = self._answer, None
            self._tell(answer.result.outcome, is_rehearsed=answer.is_rehearsed)
            cause = SystemAnswered(answer.result.outcome)
            self._after(
                cause, lambda: self._visit.on_answer(answer.request, answer.result, self.now)
            )
        else:
            self._answer = None
            self._tell(LookupOutcome.FAILED, is_rehearsed=True)
            self._after(TimePassed(), lambda: self._visit.on_time(self.now))

    def _tell(self, outcome: LookupOutcome, *, is_rehearsed: bool) -> None:
        lookup = self._here
        assert isinstance(lookup, Lookup)
        told = Told(at=self.now, service=lookup.service, outcome=outcome, is_rehearsed=is_rehearsed)
        self._log.append(told)

    def _after(self, cause: Cause, happening: Callable[[], list[VisitEffect]]) -> None:
        self._trail.expect(cause, self.now)
        for effect in happening():
            self._take(effect)

    def _return(self, happening: Callable[[], list[VisitEffect]]) -> None:
        self._awaits = Awaits.LISTENER
        self._log.append(Returned(at=self.now, node=self.node))
        self._after(WentOn(), happening)

    def _take(self, effect: VisitEffect) -> None:  # noqa: C901, PLR0912 (one row each)
        match effect:
            case Say(prompts=prompts):
                self._said_until = self.now + self._say(prompts)
            case StopSaying():
                self._silence()
            case Ask():
                self._ask(effect)
            case Questioned():
                pass
            case Answered(question=question, answer=answer, is_rating=is_rating):
                step = Rated if is_rating else Surveyed
                self._log.append(step(at=self.now, question=question, answer=answer))
            case Identified(method=method):
                self._log.append(Proved(at=self.now, method=method))
            case SwitchLanguage(language=language):
                self._language = language
                self._log.append(LanguageSet(at=self.now, language=language))
            case Join(place=place):
                then = Awaits.NOTHING if place.after is None else Awaits.AGENT
                self._end(EndKind.QUEUE, place.queue, None, then=then)
            case RingOutside(number=number):
                self._end(EndKind.TRANSFER, number, None, then=Awaits.OUTSIDE)
            case TakeMessage(prompts=prompts):
                self.now += self._say(prompts)
                self._end(EndKind.MESSAGE, "", CallOutcome.MESSAGE_LEFT, then=Awaits.MESSAGE)
            case PromiseCallback(prompts=prompts):
                self._leave(prompts, EndKind.CALLBACK, CallOutcome.CALLBACK_PROMISED)
            case TakeLeave(prompts=prompts, outcome=outcome):
                self._leave(prompts, EndKind.GOODBYE, outcome)
            case _:
                assert_never(effect)

    def _leave(self, prompts: tuple[PromptKey, ...], kind: EndKind, outcome: CallOutcome) -> None:
        self.now += self._say(prompts)
        counted = CallOutcome.ANSWERED if self._has_talked else outcome
        self._end(kind, "", counted, then=Awaits.NOTHING)

    def _end(
        self, kind: EndKind, detail: str, outcome: CallOutcome | None, *, then: Awaits
    ) -> None:
        self._said_until = self._answer = None
        self._awaits = then
        ended = Ended(at=self.now, node=self.node, kind=kind, detail=detail, outcome=outcome)
        self._log.append(ended)

    def _outcome_of_hangup(self) -> CallOutcome:
        if self._has_talked:
            return CallOutcome.ANSWERED
        ended = self.ended
        if ended is not None and ended.kind is EndKind.MESSAGE:
            return CallOutcome.MESSAGE_LEFT
        if self.now - self._began_at < SHORT_CALL:
            return CallOutcome.SHORT
        if ended is not None and ended.kind is EndKind.QUEUE:
            return CallOutcome.ABANDONED_IN_QUEUE
        return CallOutcome.ABANDONED_IN_MENU

    # --- what is said and asked

    def _silence(self) -> None:
        if self._said_until is not None:
            self._said_until = None
            self._log.append(Silenced(at=self.now))

    def _say(self, prompts: tuple[PromptKey, ...]) -> timedelta:
        """Let the caller begin to hear this; return how long it takes."""
        if prompts:
            heard = Heard(
                at=self.now,
                node=self.node,
                prompts=prompts,
                language=self._language,
                personal=personal_among(
                    prompts, self._here, known=self.known, variables=self.script.variables
                ),
            )
            self._log.append(heard)
        lengths = (self._lengths(each, self._language) for each in prompts)
        return sum(lengths, timedelta())

    def _ask(self, ask: Ask) -> None:
        lookup, variables = self._here, self.script.variables
        assert isinstance(lookup, Lookup)
        personal = {name for name, each in lookup.fields.items() if is_personal(each, variables)}
        asked = Asked(
            at=self.now,
            node=self.node,
            service=ask.service,
            fields=ask.fields,
            personal=frozenset(personal),
        )
        self._log.append(asked)
        self._answer = self._systems.ask(ask, self.now, patience=lookup.patience)


def _way(ended: Ended) -> str:
    return f"{ended.kind.value} {ended.detail}".strip()
