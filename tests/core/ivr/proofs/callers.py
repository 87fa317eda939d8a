"""Scripts as hypothesis draws them, and callers who walk through them with the real interpreter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Final

from hypothesis import strategies as st

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.lookup import NOT_FOUND, Answer, LookupFailure, LookupResult
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr import visit_effects as effects
from ekc_telephony.core.ivr.expressions import (
    Both,
    Compared,
    Constant,
    Either,
    Expression,
    IsSet,
    Known,
    Not,
    Relation,
    Sum,
)
from ekc_telephony.core.ivr.formats import Format, FormatKind
from ekc_telephony.core.ivr.hours import BusinessHours, Interval
from ekc_telephony.core.ivr.interpreter import Visit
from ekc_telephony.core.ivr.proofs.knowledge import HAS_NUMBER, NUMBER
from ekc_telephony.core.ivr.proofs.program import Program
from ekc_telephony.core.ivr.spoken import Form
from ekc_telephony.core.ivr.utterance import Insert, Utterance
from ekc_telephony.core.ivr.values import Variable, VariableKind
from ekc_telephony.core.kernel.ids import (
    CallId,
    NodeId,
    PromptKey,
    QueueId,
    ScriptId,
    ServiceId,
)

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY: Final = Interval(time(9), time(18))
SCHEDULES: Final[Mapping[str, BusinessHours]] = {
    "day": BusinessHours(zone=UTC, weekly=((DAY,),) * 7, dates={}),
    "night": BusinessHours(zone=UTC, weekly=((Interval(time(20), time(22)),),) * 7, dates={}),
}
LENGTHS: Final = {PromptKey(f"p{seconds}"): timedelta(seconds=seconds) for seconds in range(1, 8)}
PIECE: Final = timedelta(milliseconds=500)
"""One word of a spoken value."""
VARIABLES: Final = {
    "a": Variable(kind=VariableKind.TEXT),
    "b": Variable(kind=VariableKind.TEXT, is_personal=True),
    "c": Variable(kind=VariableKind.TEXT, initial="1"),
}
KEYS: Final = "0123#*"


def program_of(
    nodes: Mapping[str, core.Node], *, world: Mapping[str, object] | None = None
) -> Program:
    """Return a program whose prompts all exist; it begins at the first node."""
    script = core.Script(
        script=ScriptId("drawn"),
        entry=NodeId(next(iter(nodes))),
        nodes={NodeId(name): node for name, node in nodes.items()},
        variables=VARIABLES,
    )
    known = {"now": NOW, "prompts": {"ru": LENGTHS}, "schedules": SCHEDULES, **(world or {})}
    return Program(script=script, **known)  # type: ignore[arg-type]  # named by each test


def words(*seconds: int) -> tuple[PromptKey, ...]:
    """Return a prompt of each of these lengths."""
    return tuple(PromptKey(f"p{each}") for each in seconds)


def drawn_program(seed: int) -> Program:
    """Draw a script of a few nodes that lead mostly onward, and end at last in a queue."""
    # Random numbers rather than strategies: thousands of scripts are to be drawn in seconds.
    drawing = _Drawing(Random(seed))
    return drawing.program(drawing.any_kind, most=7)


def drawn_of_values(seed: int) -> Program:
    """Draw a script that does little else than set values, ask for them and say them."""
    drawing = _Drawing(Random(seed))
    return drawing.program(drawing.kind_of_values, most=8)


class _Drawing:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._targets: list[NodeId] = []

    def program(self, draw: Callable[[], core.Node], *, most: int) -> Program:
        count = self._random.randint(1, most)
        names = [NodeId(f"n{index}") for index in range(count)]
        nodes: dict[str, core.Node] = {}
        for index, name in enumerate(names):
            is_back = self._random.random() < 1 / 10
            self._targets = [*names[0 if is_back else index + 1 :], NodeId("end")]
            nodes[name] = draw()
        nodes["end"] = core.Enqueue(queue=QueueId("q"), answers_at_once=True)
        return program_of(nodes)

    def kind_of_values(self) -> core.Node:
        said = Insert(value=Known(self._name()), form=Form.DIGITS)
        called = Insert(value=Known(NUMBER), form=Form.PHONE)
        kinds: list[Callable[[], core.Node]] = [
            lambda: core.Play(prompts=(*words(1), said), next=self._to()),
            lambda: core.Play(prompts=(*words(1), said), next=self._to()),
            lambda: core.Play(prompts=(*words(1), called), next=self._to()),
            self._collect,
            self._assign,
            self._branch,
            self._branch,
            self._lookup,
            lambda: core.KnownNumber(known=self._to(), unknown=self._to()),
        ]
        return self._random.choice(kinds)()

    def any_kind(self) -> core.Node:
        kinds: list[Callable[[], core.Node]] = [
            lambda: core.Play(prompts=self._speech(), next=self._to()),
            self._menu,
            self._menu,
            self._collect,
            self._question,
            lambda: core.Hours(
                schedule=self._random.choice(sorted(SCHEDULES)), open=self._to(), closed=self._to()
            ),
            lambda: core.Until(moment=NOW, before=self._to(), after=self._to()),
            self._branch,
            self._assign,
            lambda: core.Limit(
                times=self._random.randint(1, 3), next=self._to(), exhausted=self._to()
            ),
            self._lookup,
            lambda: core.KnownNumber(known=self._to(), unknown=self._to()),
            lambda: core.Callback(prompts=self._prompts(), without_number=self._to()),
            lambda: core.Message(prompts=self._prompts(), otherwise=self._to()),
            lambda: core.Transfer(number="112", otherwise=self._to()),
            self._enqueue,
            lambda: core.Goodbye(prompts=self._prompts(), outcome=CallOutcome.INFORMED_AFTER_HOURS),
        ]
        return self._random.choice(kinds)()

    def _to(self) -> NodeId:
        return self._random.choice(self._targets)

    def _name(self) -> str:
        return self._random.choice(sorted(VARIABLES))

    def _seconds(self) -> timedelta:
        return timedelta(seconds=self._random.randint(1, 6))

    def _prompts(self) -> tuple[PromptKey, ...]:
        return words(*(self._random.randint(1, 7) for _ in range(self._random.randint(0, 2))))

    def _speech(self) -> Utterance:
        insert = Insert(value=Known(self._name()), form=Form.DIGITS)
        return (*self._prompts(), insert) if self._random.random() < 1 / 2 else self._prompts()

    def _menu(self) -> core.Menu:
        return core.Menu(
            prompts=self._prompts(),
            choices={
                key: self._to() for key in self._random.sample("0123", self._random.randint(1, 3))
            },
            timeout=self._seconds(),
            retries=self._random.randint(0, 2),
            invalid_prompts=self._prompts(),
            timeout_prompts=self._prompts(),
            exhausted=self._to(),
        )

    def _collect(self) -> core.Collect:
        return core.Collect(
            prompts=self._prompts(),
            into=self._name(),
            format=Format(kind=FormatKind.DIGITS, max_length=self._random.randint(1, 3)),
            timeout=self._seconds(),
            retries=self._random.randint(0, 2),
            invalid_prompts=self._prompts(),
            timeout_prompts=self._prompts(),
            next=self._to(),
            exhausted=self._to(),
        )

    def _question(self) -> core.Question:
        return core.Question(
            question="q",
            prompts=self._prompts(),
            answers={"1": "1", "2": "2"},
            timeout=self._seconds(),
            retries=self._random.randint(0, 2),
            invalid_prompts=self._prompts(),
            timeout_prompts=self._prompts(),
            next=self._to(),
        )

    def _branch(self) -> core.Branch:
        conditions: list[Expression] = [
            IsSet(self._name()),
            Not(IsSet(self._name())),
            Compared(Relation.EQUAL, Known(self._name()), Constant("1")),
            Both(IsSet(self._name()), Not(Compared(Relation.LESS, Known("a"), Known("b")))),
            Either(Not(IsSet(self._name())), Not(IsSet(self._name()))),
            Both(Not(IsSet(self._name())), Not(IsSet(self._name()))),
            Either(self._is_one(), self._is_one()),
            Compared(Relation.EQUAL, Either(self._is_one(), self._is_one()), Constant(value=True)),
            Not(Both(self._is_one(), self._is_one())),
            Known(HAS_NUMBER),
            Not(Known(HAS_NUMBER)),
            IsSet(NUMBER),
        ]
        cases = (
            core.Case(when=self._random.choice(conditions), next=self._to())
            for _ in range(self._random.randint(1, 2))
        )
        return core.Branch(cases=tuple(cases), otherwise=self._to())

    def _is_one(self) -> Compared:
        return Compared(Relation.EQUAL, Known(self._name()), Constant("1"))

    def _assign(self) -> core.Assign:
        values: list[Expression | None] = [
            None,
            Constant("7"),
            Known(self._name()),
            Sum(Known(self._name()), Known(self._name())),
        ]
        return core.Assign(
            values={self._name(): self._random.choice(values) for _ in range(2)}, next=self._to()
        )

    def _lookup(self) -> core.Lookup:
        wanted = core.Wanted(path=("x",), kind=VariableKind.TEXT)
        return core.Lookup(
            service=ServiceId("s"),
            fields={},
            into={self._name(): wanted for _ in range(self._random.randint(0, 2))},
            prompts=self._prompts(),
            patience=self._seconds(),
            next=self._to(),
            not_found=self._to(),
            fallback=self._to(),
            identifies=self._random.choice([None, core.Identification.SNILS]),
        )

    def _enqueue(self) -> core.Enqueue:
        after = self._random.choice([None, self._to()])
        return core.Enqueue(queue=QueueId("q"), answers_at_once=True, after=after)


programs: Final = st.integers(0, 2**32).map(drawn_program)
programs_of_values: Final = st.integers(0, 2**32).map(drawn_of_values)


@dataclass(slots=True, kw_only=True)
class Stay:
    """A caller at a node."""

    node: NodeId
    since: datetime
    known: frozenset[str]
    """The variables that were set when he came."""
    is_identified: bool
    until: datetime | None = None
    keys: int = 0
    """How many he pressed there."""


class Walk:
    """
    One caller's walk: he presses keys while he has some left, then nothing any more.

    Args:
        program: Where.
        draw: Returns a number from 0 to below its argument; decides what he and the world do.
        keys: How many keys he presses in all.
        may_delete: Whether `*` is one of his keys.
    """

    def __init__(
        self, program: Program, draw: Callable[[int], int], *, keys: int, may_delete: bool = True
    ) -> None:
        self.stays: list[Stay] = []
        self.silent_since = NOW
        """When he pressed his last key, or came back from a talk."""
        self.silent_at = 0
        """At which of his stays that was."""
        self.now = NOW
        self._program = program
        self._draw = draw
        self._keys = keys
        self._pressed = KEYS if may_delete else KEYS.replace("*", "")
        self._is_identified = False
        self._heard_at: datetime | None = None
        self._answer_at: datetime | None = None
        self._ask: effects.Ask | None = None
        self._visit = Visit(
            program.script,
            SCHEDULES,
            call=CallId("1"),
            number="+79130000000" if draw(2) else None,
            watch=self._arrive,
        )

    def take(self) -> effects.VisitEffect:
        """Walk to the end, and return what the visit asked for last."""
        ending = self._heed(self._visit.start(self.now))
        for _ in range(1_000):
            if ending is None:
                ending = self._heed(self._go_on())
                continue
            onward = self._after(ending)
            if onward is None:
                self.stays[-1].until = self.now
                return ending
            ending = self._heed(onward)
        raise AssertionError("the visit does not end")

    def _arrive(self, node: NodeId) -> None:
        if self.stays:
            self.stays[-1].until = self.now
        known = frozenset(self._visit.known)
        stay = Stay(node=node, since=self.now, known=known, is_identified=self._is_identified)
        self.stays.append(stay)

    def _heed(self, asked: list[effects.VisitEffect]) -> effects.VisitEffect | None:
        """Note what the visit asks for; return what ends it, if anything does."""
        ending = None
        for each in asked:
            match each:
                case effects.Say(prompts=prompts):
                    self._heard_at = self.now + sum(
                        (LENGTHS.get(p, PIECE) for p in prompts), timedelta()
                    )
                case effects.StopSaying():
                    self._heard_at = None
                case effects.Ask():
                    self._ask = each
                    self._answer_at = self.now + timedelta(seconds=self._draw(7))
                case (
                    effects.Questioned()
                    | effects.Answered()
                    | effects.SwitchLanguage()
                    | effects.Identified()
                ):
                    pass
                case _:
                    ending = each
        return ending

    def _go_on(self) -> list[effects.VisitEffect]:
        """Let the next thing happen: a key, an answer, prompts that end, time that is up."""
        due = {
            "heard": self._heard_at,
            "answer": self._answer_at,
            "time": self._visit.next_deadline(),
        }
        moments = {what: moment for what, moment in due.items() if moment is not None}
        assert moments, f"nothing will ever happen at {self._visit.node}"
        what = min(moments, key=lambda each: moments[each])
        if self._keys and self._draw(2):
            return self._press(moments[what])
        self.now = moments[what]
        match what:
            case "heard":
                self._heard_at = None
                return self._visit.on_heard(self.now)
            case "answer":
                return self._answer()
            case _:
                self._answer_at = None
                return self._visit.on_time(self.now)

    def _press(self, before: datetime) -> list[effects.VisitEffect]:
        self._keys -= 1
        self.now += (before - self.now) * self._draw(5) / 5
        self.stays[-1].keys += 1
        asked = self._visit.on_key(self._pressed[self._draw(len(self._pressed))], self.now)
        self.silent_since, self.silent_at = self.now, len(self.stays) - 1
        return asked

    def _answer(self) -> list[effects.VisitEffect]:
        self._answer_at = None
        assert self._ask is not None
        result = (
            LookupResult.found(Answer.of({"x": "5"})),
            LookupResult.found(Answer.of({})),
            NOT_FOUND,
            LookupResult.failed(LookupFailure.TIMEOUT),
        )[self._draw(4)]
        node = self._program.script.nodes[self._visit.node]
        assert isinstance(node, core.Lookup)
        if result.answer is not None and node.identifies is not None:
            self._is_identified = True
        return self._visit.on_answer(self._ask.request, result, self.now)

    def _after(self, ending: effects.VisitEffect) -> list[effects.VisitEffect] | None:
        """Return what follows after the visit rested; None when it is over."""
        match ending:
            case effects.Join() if self._visit.goes_on_after_talk:
                self.now += timedelta(minutes=3)
                self.stays[-1].until = self.now
                self.silent_since, self.silent_at = self.now, len(self.stays)
                return self._visit.on_talk_over(self.now)
            case effects.RingOutside() if self._draw(2):
                self.now += timedelta(seconds=15 * self._draw(5))
                return self._visit.on_not_connected(self.now)
            case effects.TakeMessage() if self._draw(2) and not self._visit.known.get(HAS_NUMBER):
                self.now += timedelta(seconds=10 * self._draw(4))
                return self._visit.on_no_message(self.now)
            case _:
                return None
