"""
The visit of one caller to one script: where he is, and what he hears next.

A visit knows nothing of legs and playbacks. It asks to `Say` prompts and is told when they were
heard, which key was pressed, what an information system answered and that time passed; in the end
it asks to leave, to a queue, with a message or with a goodbye.

Rule 1: a visit leaves exactly once, and asks for nothing afterwards; but one that rests while the
caller waits and talks (`Enqueue.after`) or is rung through (`Transfer.otherwise`) may go on.
Rule 2: `Say` replaces whatever is being said; `StopSaying` silences it.
Rule 3: walking from node to node without waiting is bounded by the number of nodes: a circle of
nodes that never wait is refused by the loader and raises here.
Rule 4: whatever keys are pressed, an answer ends: it takes a bounded number of keys that mean
something, each within its timeout, and one that means nothing does not stop the clock.
Rule 5: a question to an information system keeps its name until it is answered, however often it is
asked: who is asked twice for an appointment books one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.lookup import LookupOutcome, LookupResult
from ekc_telephony.core.ivr.expressions import holds
from ekc_telephony.core.ivr.formats import DELETE, DIGITS, END, Complete, More, Wrong, take
from ekc_telephony.core.ivr.hours import BusinessHours, CallZones
from ekc_telephony.core.ivr.memory import Memory
from ekc_telephony.core.ivr.script import (
    Assign,
    Branch,
    Callback,
    Collect,
    Enqueue,
    Goodbye,
    Hours,
    KnownNumber,
    Limit,
    Lookup,
    Menu,
    Message,
    Node,
    Play,
    Question,
    Script,
    SetLanguage,
    Transfer,
    Until,
)
from ekc_telephony.core.ivr.utterance import Utterance, prompts_of
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
from ekc_telephony.core.ivr.whereabouts import Whereabouts
from ekc_telephony.core.kernel.ids import CallId, NodeId, PromptKey, RequestId

MOST_DELETIONS: Final = 3
"""How often a caller may delete what he types for one answer; once more counts as a wrong one."""
UNKNOWN_CLOCKS: Final = CallZones()


class EndlessScriptError(Exception):
    """The script walks in a circle without ever waiting for the caller: a bug of its loader."""


class Visit:
    """
    One caller in one script.

    Args:
        script: The script; the visit keeps this version to its end.
        schedules: The business hours that the script's `Hours` nodes name.
        call: Names his questions to information systems.
        number: The caller's, if we know it; nothing is promised to whom we cannot call.
        did: The number he dialled.
        zones: Whose clocks are known; his own says what day it is and when a moment is that a
            system tells, then that of whom he dialled, then the script's.
        watch: Is told every node that he comes to, those too at which nothing happens.
    """

    def __init__(
        self,
        script: Script,
        schedules: Mapping[str, BusinessHours],
        *,
        call: CallId,
        number: str | None = None,
        did: str = "",
        zones: CallZones = UNKNOWN_CLOCKS,
        watch: Callable[[NodeId], None] | None = None,
    ) -> None:
        self._watch = watch
        self._call = call
        self._script = script
        self._has_number = number is not None
        self._schedules = schedules
        self._node_id = script.entry
        self._is_saying = False
        self._failures = 0
        self._ends_at: datetime | None = None
        self._typed = ""
        self._deleted = 0
        self._asked = 0
        self._passed: dict[NodeId, int] = {}
        self._language = script.languages[0]
        zone = zones.caller or zones.dialled or script.zone
        self._memory = Memory(script, number=number, did=did, zone=zone)

    def resume_at(self, place: Whereabouts) -> None:
        """Stand where an earlier visit stood; a node that is not in the script is its entry."""
        self._memory.bring_back(place.variables)
        self._language = place.language or self._language
        self._memory.put("language", self._language)
        self._asked = place.asked
        self._passed = dict(place.passed)
        if place.node not in self._script.nodes:
            self._asked += 1  # `repeat` asks at the entry, and that is another question
            return
        self._node_id = place.node
        self._failures = place.failures
        self._is_saying = place.is_saying
        self._ends_at = place.ends_at
        self._typed, self._deleted = place.typed, place.deleted

    @property
    def whereabouts(self) -> Whereabouts:
        """What another visit needs to stand here."""
        return Whereabouts(
            node=self._node_id,
            failures=self._failures,
            is_saying=self._is_saying,
            ends_at=self._ends_at,
            typed=self._typed,
            deleted=self._deleted,
            language=None if self._language == self._script.languages[0] else self._language,
            asked=self._asked,
            variables=self._memory.kept,
            passed=dict(self._passed),
        )

    @property
    def node(self) -> NodeId:
        """Where the caller is."""
        return self._node_id

    @property
    def known(self) -> Mapping[str, Value]:
        """The values that the script's expressions see; may be personal."""
        return self._memory.known

    @property
    def goes_on_after_talk(self) -> bool:
        """Tell whether the caller comes back here when his agent has hung up."""
        node = self._node
        return isinstance(node, Enqueue) and node.after is not None

    @property
    def rings_outside(self) -> bool:
        """Tell whether the caller comes back here when nobody outside answers."""
        return isinstance(self._node, Transfer)

    def next_deadline(self) -> datetime | None:
        """Return when silence counts as a failure, or an answer as too late; if we wait for one."""
        return self._ends_at

    # --- what happens to it

    def start(self, now: datetime) -> list[VisitEffect]:
        """Enter the script."""
        return self._enter(self._script.entry, now)

    def repeat(self, now: datetime) -> list[VisitEffect]:
        """Say again what is said here: the caller may have missed it, and we his key."""
        if isinstance(self._node, Lookup):
            self._asked -= 1  # the same question
        effects = self._silence() + self._enter(self._node_id, now)
        return [
            each for each in effects if not isinstance(each, Questioned)
        ]  # nor another question

    def on_heard(self, now: datetime) -> list[VisitEffect]:
        """Go on after the prompts were heard, or could not be played."""
        self._is_saying = False
        match self._node:
            case Play(next=following):
                return self._enter(following, now)
            case Menu(timeout=timeout) | Question(timeout=timeout) | Collect(timeout=timeout):
                self._ends_at = now + timeout
            case _:
                pass
        return []

    def on_key(self, key: str, now: datetime) -> list[VisitEffect]:
        """Take a key of the caller."""
        match self._node:
            case Play(next=following):
                return self._skip_to(following, key, now)
            case Collect() if key not in _TYPED_KEYS:
                return []
            case Menu() | Question() | Collect():
                return self._silence() + self._take(key, now)
            case _:
                return []

    def on_time(self, now: datetime) -> list[VisitEffect]:
        """Let time pass. Harmless when nothing is due."""
        if self._ends_at is None or now < self._ends_at:
            return []
        self._ends_at = None
        match self._node:
            case Menu(timeout_prompts=prompts) | Question(timeout_prompts=prompts):
                return self._fail(prompts, now)
            case Collect(timeout_prompts=prompts):
                return self._take(END, now) if self._typed else self._fail(prompts, now)
            case Lookup(fallback=fallback):
                return self._silence() + self._enter(fallback, now)
            case _:
                return []

    def on_answer(
        self, request: RequestId, result: LookupResult, now: datetime
    ) -> list[VisitEffect]:
        """Go on with what an information system answered, or without it."""
        node = self._node
        if not isinstance(node, Lookup) or request != self._request:
            return []
        silenced = self._silence()
        if result.answer is None:
            is_known = result.outcome is LookupOutcome.NOT_FOUND
            return silenced + self._enter(node.not_found if is_known else node.fallback, now)
        self._memory.learn(node, result.answer.value())
        if node.identifies is not None:
            silenced.append(Identified(node.identifies))
        return silenced + self._enter(node.next, now)

    def on_no_message(self, now: datetime) -> list[VisitEffect]:
        """Go on with a caller who has left no message, and cannot be called back."""
        match self._node:
            case Message(otherwise=otherwise):
                return self._enter(otherwise, now)
            case _:
                return []

    def on_not_connected(self, now: datetime) -> list[VisitEffect]:
        """Go on with a caller for whom nobody outside has answered."""
        match self._node:
            case Transfer(otherwise=otherwise):
                return self._enter(otherwise, now)
            case _:
                return []

    def on_talk_over(self, now: datetime) -> list[VisitEffect]:
        """Go on with a caller whose agent has hung up, where the visit `goes_on_after_talk`."""
        match self._node:
            case Enqueue(after=after) if after is not None:
                return self._enter(after, now)
            case _:
                return []

    # --- walking

    @property
    def _node(self) -> Node:
        return self._script.nodes[self._node_id]

    @property
    def _request(self) -> RequestId:
        return RequestId(f"{self._call}-ask-{self._asked}")

    def _enter(self, node_id: NodeId, now: datetime) -> list[VisitEffect]:
        """Go to a node, and through those that need no waiting."""
        effects: list[VisitEffect] = []
        for _ in range(len(self._script.nodes) + 1):
            if node_id != self._node_id:
                self._failures = 0
            self._node_id = node_id
            self._ends_at = None
            self._typed, self._deleted = "", 0
            node = self._node
            if self._watch is not None:
                self._watch(node_id)
            if (onward := self._passes(node, effects, now)) is not None:
                node_id = onward
                continue
            return effects + self._rest(node, now)
        raise EndlessScriptError(f"{self._script.script}: no node waits after {node_id}")

    def _passes(  # noqa: C901, PLR0911 (one row each)
        self, node: Node, effects: list[VisitEffect], now: datetime
    ) -> NodeId | None:
        """Return where a node leads on to at once; None when the caller hears or does something."""
        match node:
            case Play(prompts=prompts, next=following):
                return None if prompts and self._words(prompts) else following
            case Hours(schedule=schedule, open=if_open, closed=if_closed):
                return if_open if self._schedules[schedule].is_open(now) else if_closed
            case KnownNumber(known=known, unknown=unknown):
                return known if self._has_number else unknown
            case Callback(without_number=without) if not self._has_number:
                return without
            case Branch(cases=cases, otherwise=otherwise):
                fitting = (each.next for each in cases if holds(each.when, self._memory.known))
                return next(fitting, otherwise)
            case Assign(next=following):
                self._memory.assign(node)
                return following
            case Limit(times=times, next=following, exhausted=exhausted):
                self._passed[self._node_id] = passed = self._passed.get(self._node_id, 0) + 1
                return following if passed <= times else exhausted
            case Until(moment=moment, before=before, after=after):
                return before if now < moment else after
            case SetLanguage(language=language, next=following):
                if language != self._language:
                    self._language = language
                    self._memory.put("language", language)
                    effects.append(SwitchLanguage(language))
                return following
            case _:
                return None

    def _rest(self, node: Node, now: datetime) -> list[VisitEffect]:
        """Do what a node is for at which the caller stays, or from which he leaves."""
        match node:
            case Play(prompts=prompts):
                return self._say(prompts)
            case Question(question=question, is_rating=is_rating, survey=survey):
                return [Questioned(question, is_rating, survey), *self._ask(node.prompts, now)]
            case Menu(prompts=prompts) | Collect(prompts=prompts):
                return self._ask(prompts, now)
            case Lookup():
                return self._look_up(node, now)
            case _:
                self._is_saying = False
                return [self._leave(node)]

    def _leave(self, node: Node) -> VisitEffect:
        match node:
            case Enqueue():
                return Join(node)
            case Message(prompts=prompts):
                return TakeMessage(self._words(prompts))
            case Transfer(number=number):
                return RingOutside(number)
            case Callback(prompts=prompts):
                return PromiseCallback(self._words(prompts))
            case Goodbye(prompts=prompts, outcome=outcome):
                return TakeLeave(self._words(prompts), outcome)
            case _:
                raise AssertionError(f"nobody leaves at {self._node_id}")

    def _look_up(self, node: Lookup, now: datetime) -> list[VisitEffect]:
        self._asked += 1
        self._ends_at = now + node.patience
        fields = self._memory.fields_of(node)
        return [*self._say(node.prompts), Ask(self._request, node.service, fields)]

    # --- saying and hearing

    def _words(self, utterance: Utterance) -> tuple[PromptKey, ...]:
        return prompts_of(utterance, self._memory.known)

    def _say(self, utterance: Utterance) -> list[VisitEffect]:
        words = self._words(utterance)
        if not words:
            return []
        self._is_saying = True
        return [Say(words)]

    def _ask(self, utterance: Utterance, now: datetime) -> list[VisitEffect]:
        said = self._say(utterance)
        if not said:
            self._ends_at = now + self._patience
        return said

    @property
    def _patience(self) -> timedelta:
        node = self._node
        assert isinstance(node, Menu | Question | Collect)
        return node.timeout

    def _silence(self) -> list[VisitEffect]:
        was_saying, self._is_saying = self._is_saying, False
        return [StopSaying()] if was_saying else []

    def _skip_to(self, following: NodeId, key: str, now: datetime) -> list[VisitEffect]:
        """Cut a `Play` short; the key counts at once when he is asked for one next."""
        silenced = self._silence()
        effects = self._enter(following, now)
        if not self._wants(key):
            return silenced + effects
        self._is_saying = False
        done = [each for each in effects if not isinstance(each, Say)]
        return silenced + done + self._take(key, now)

    def _wants(self, key: str) -> bool:
        match self._node:
            case Menu(choices=choices):
                return key in choices
            case Question(answers=answers):
                return key in answers
            case Collect():
                return key in DIGITS
            case _:
                return False

    def _take(self, key: str, now: datetime) -> list[VisitEffect]:
        """Take a key where one is asked for; nothing is being said any more."""
        self._ends_at = None
        match self._node:
            case Menu(choices=choices) if key in choices:
                self._failures = 0
                return self._enter(choices[key], now)
            case Question(answers=answers) as question if key in answers:
                return [self._answer(question, answers[key]), *self._enter(question.next, now)]
            case Collect() as collect:
                return self._type(collect, key, now)
            case Menu(invalid_prompts=prompts) | Question(invalid_prompts=prompts):
                return self._fail(prompts, now)
            case _:
                return []

    def _answer(self, question: Question, answer: str) -> Answered:
        self._failures = 0
        if question.into is not None:
            self._memory.put(question.into, answer)
        return Answered(question.question, answer, question.is_rating, question.survey)

    def _type(self, collect: Collect, key: str, now: datetime) -> list[VisitEffect]:
        self._deleted += key == DELETE
        if self._deleted > MOST_DELETIONS:
            return self._fail(collect.invalid_prompts, now)
        match take(collect.format, self._typed, key, today=self._memory.today(now)):
            case More(typed=typed):
                self._typed = typed
                self._ends_at = now + collect.timeout
                return []
            case Complete(value=value):
                self._failures = 0
                self._memory.put(collect.into, value)
                return self._enter(collect.next, now)
            case Wrong():
                return self._fail(collect.invalid_prompts, now)

    def _fail(self, apology: Utterance, now: datetime) -> list[VisitEffect]:
        """Count a wrong key or silence; ask again while it is forgiven."""
        node = self._node
        assert isinstance(node, Menu | Question | Collect)
        self._failures += 1
        self._typed, self._deleted = "", 0
        if self._failures > node.retries:
            return self._enter(node.next if isinstance(node, Question) else node.exhausted, now)
        return self._ask(apology + node.prompts, now)


_TYPED_KEYS: Final = frozenset({*DIGITS, END, DELETE})
"""Those that mean something where digits are typed."""
