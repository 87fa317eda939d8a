"""
What can happen at each node of a script, how long it takes at most and how many keys it costs.

A node has options, of which the caller takes one: a key, the wrong one, silence. An option has
moves, of which the world makes one: a system answers or does not, the hour, the agent. At most
nodes there is nothing to choose, and so one option.

Rule 1: these are the ways of `interpreter.Visit`, all of them; the property tests walk both.
Rule 2: a caller hears everything to its end and takes all the time that he is given, so a real one
is never slower.
Rule 3: a way that does not need the caller's own key is never `CHOSEN`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final, TypeAlias, assert_never

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.formats import longest
from ekc_telephony.core.ivr.proofs.finding import Part
from ekc_telephony.core.ivr.proofs.program import RINGING_OUTSIDE, TAKING_A_MESSAGE, Program
from ekc_telephony.core.kernel.ids import NodeId


class Ending(Enum):
    """How a visit ends."""

    AGENT = "operator"
    CALLBACK = "callback"
    MESSAGE = "message"
    OUTSIDE = "number outside"
    GOODBYE = "goodbye"


class Service(Enum):
    """What the caller can expect of us where he is."""

    OPEN = "open"
    CLOSED = "closed"
    """After hours, or too many callers: a registered appeal is as good as a person."""
    SERVED = "served"
    """He has talked to an agent."""


class Number(Enum):
    """What is known of the caller's number where he is."""

    PERHAPS = "perhaps"
    KNOWN = "known"
    HIDDEN = "hidden"


class Choice(Enum):
    """Who decides that an option is taken."""

    NOBODY = "nobody"
    CHOSEN = "chosen"
    """The caller, by a key of his own."""
    FAILED = "failed"
    """The caller, by wrong keys or by silence until nothing is forgiven any more."""


Target: TypeAlias = NodeId | Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One way on."""

    to: Target
    part: Part
    """Which way, as the language writes it."""
    happens: str
    time: timedelta = timedelta()
    """At most."""
    service: Service | None = None
    """What changes with it; None: nothing."""
    number: Number | None = None
    when: Number | None = None
    """Possible unless the contrary is known of the number."""
    repeats: bool = False
    """A `Limit` lets this happen only so many times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What the caller can settle for; the world makes one of the moves."""

    choice: Choice = Choice.NOBODY
    keys: int = 0
    moves: tuple[Move, ...]


_HEARS: Final = "hears it"


def options_of(program: Program, node: core.Node) -> tuple[Option, ...]:  # noqa: C901, PLR0911, PLR0912 (one row each)
    """Return what can happen at a node."""
    match node:
        case core.Play(prompts=prompts, next=following):
            return _world(
                Move(to=following, part=("next",), happens=_HEARS, time=program.length(prompts))
            )
        case core.Menu() | core.Collect() | core.Question():
            return tuple(_asked(program, node))
        case core.Hours(schedule=schedule, open=if_open, closed=if_closed):
            return _world(
                Move(
                    to=if_open, part=("open",), happens=f"{schedule} is open", service=Service.OPEN
                ),
                Move(
                    to=if_closed,
                    part=("closed",),
                    happens=f"{schedule} is closed",
                    service=Service.CLOSED,
                ),
            )
        case core.Until(moment=moment, before=before, after=after):
            return _world(
                Move(to=before, part=("before",), happens=f"before {moment:%Y-%m-%d %H:%M}"),
                Move(to=after, part=("after",), happens=f"from {moment:%Y-%m-%d %H:%M} on"),
            )
        case core.Branch(cases=cases, otherwise=otherwise):
            ways = [
                Move(to=each.next, part=("cases", index, "next"), happens=f"case {index + 1} holds")
                for index, each in enumerate(cases)
            ]
            return _world(*ways, Move(to=otherwise, part=("otherwise",), happens="no case holds"))
        case core.Assign(next=following):
            return _world(Move(to=following, part=("next",), happens="goes on"))
        case core.SetLanguage(language=language, next=following):
            return _world(Move(to=following, part=("next",), happens=f"hears {language} now"))
        case core.Limit(times=times, next=following, exhausted=exhausted):
            again = Move(
                to=following, part=("next",), happens=f"for the first {times} times", repeats=True
            )
            over = Move(to=exhausted, part=("exhausted",), happens="more often than allowed")
            return _world(*([again] if times > 0 else []), over)
        case core.Lookup():
            return _world(*_answers(node))
        case core.KnownNumber(known=known, unknown=unknown):
            return _world(
                Move(
                    to=known,
                    part=("known",),
                    happens="his number is known",
                    when=Number.KNOWN,
                    number=Number.KNOWN,
                ),
                Move(
                    to=unknown,
                    part=("unknown",),
                    happens="he hides his number",
                    when=Number.HIDDEN,
                    number=Number.HIDDEN,
                ),
            )
        case core.Enqueue():
            return _world(Move(to=Ending.AGENT, part=("queue",), happens="waits for an operator"))
        case core.Message():
            return tuple(_message(program, node))
        case core.Transfer(number=number, otherwise=otherwise):
            return _world(
                Move(to=Ending.OUTSIDE, part=("number",), happens=f"is connected to {number}"),
                Move(
                    to=otherwise,
                    part=("otherwise",),
                    happens=f"{number} does not answer",
                    time=RINGING_OUTSIDE,
                ),
            )
        case core.Callback(prompts=prompts, without_number=without):
            return _world(
                Move(
                    to=Ending.CALLBACK,
                    part=("prompts",),
                    happens="is promised a callback",
                    when=Number.KNOWN,
                    time=program.length(prompts),
                ),
                Move(
                    to=without,
                    part=("without_number",),
                    happens="he hides his number",
                    when=Number.HIDDEN,
                    number=Number.HIDDEN,
                ),
            )
        case core.Goodbye(prompts=prompts):
            return _world(
                Move(
                    to=Ending.GOODBYE,
                    part=("prompts",),
                    happens="hears goodbye",
                    time=program.length(prompts),
                )
            )
        case _:
            assert_never(node)


def after_talk(node: core.Node) -> NodeId | None:
    """Return where a caller goes on whose agent has hung up, if he does."""
    return node.after if isinstance(node, core.Enqueue) else None


def _world(*moves: Move) -> tuple[Option, ...]:
    return (Option(moves=moves),)


def _asked(program: Program, node: core.Menu | core.Collect | core.Question) -> Iterator[Option]:
    heard = program.length(node.prompts)
    match node:
        case core.Menu(choices=choices):
            for key, target in choices.items():
                yield _chosen(target, ("keys", key), f"presses {key}", heard + node.timeout)
        case core.Collect(format=asked, next=following):
            keys = longest(asked)
            time = heard + keys * node.timeout
            yield _chosen(following, ("next",), f"types {asked.kind.value}", time, keys=keys)
        case core.Question(next=following):
            yield _chosen(following, ("next",), "answers", heard + node.timeout)
    exhausted = node.next if isinstance(node, core.Question) else node.exhausted
    part = "next" if isinstance(node, core.Question) else "exhausted"
    times = _failures(node)
    move = Move(
        to=exhausted,
        part=(part,),
        happens="says nothing" if times == 1 else f"says nothing {times} times",
        time=failing(program, node),
    )
    yield Option(choice=Choice.FAILED, keys=times, moves=(move,))


def failing(program: Program, node: core.Menu | core.Collect | core.Question) -> timedelta:
    """Return how long silence lasts at most until nothing is forgiven any more."""
    apology = max(program.length(node.invalid_prompts), program.length(node.timeout_prompts))
    asked = program.length(node.prompts) + node.timeout
    failures = _failures(node)
    return failures * asked + (failures - 1) * apology


def _failures(node: core.Menu | core.Collect | core.Question) -> int:
    """Return how many failures lead on; a number of retries that makes no sense is a finding."""
    return max(0, node.retries) + 1


def _chosen(target: NodeId, part: Part, happens: str, time: timedelta, *, keys: int = 1) -> Option:
    move = Move(to=target, part=part, happens=happens, time=time)
    return Option(choice=Choice.CHOSEN, keys=keys, moves=(move,))


def _answers(node: core.Lookup) -> Iterator[Move]:
    service, patience = node.service, node.patience
    yield Move(to=node.next, part=("next",), happens=f"{service} answers", time=patience)
    yield Move(
        to=node.not_found, part=("not_found",), happens=f"{service} has nothing", time=patience
    )
    yield Move(
        to=node.fallback, part=("fallback",), happens=f"{service} does not answer", time=patience
    )


def _message(program: Program, node: core.Message) -> Iterator[Option]:
    """A caller who leaves none is called back, if his number is known."""
    left = Move(to=Ending.MESSAGE, part=("prompts",), happens="leaves a message")
    yield Option(choice=Choice.CHOSEN, moves=(left,))
    time = 2 * program.length(node.prompts) + TAKING_A_MESSAGE
    called_back = Move(
        to=Ending.CALLBACK,
        part=("prompts",),
        happens="leaves none, and is called back",
        when=Number.KNOWN,
        time=time,
    )
    lost = Move(
        to=node.otherwise,
        part=("otherwise",),
        happens="leaves none",
        time=time,
        when=Number.HIDDEN,
        number=Number.HIDDEN,
    )
    yield Option(choice=Choice.FAILED, moves=(called_back, lost))
