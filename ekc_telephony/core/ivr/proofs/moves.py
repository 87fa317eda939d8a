"""
What can happen at each node of a script, how long it takes at most and how many keys it costs.

A node has options, of which the caller takes one: a key, the wrong one, silence. An option has
moves, of which the world makes one: a system answers or does not, the hour, the agent. At most
nodes there is nothing to choose, and so one option.

Rule 1: a move goes a way of `ivr.ways`, which knows them all, or ends the visit; here is only what
it costs and what changes with it.
Rule 2: a caller hears everything to its end and takes all the time that he is given, so a real one
is never slower.
Rule 3: a way that does not need the caller's own key is never `CHOSEN`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import TypeAlias, assert_never

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.formats import longest
from ekc_telephony.core.ivr.proofs.program import RINGING_OUTSIDE, TAKING_A_MESSAGE, Program
from ekc_telephony.core.ivr.ways import Part, Way, Why, ways_of
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


def options_of(program: Program, node: core.Node) -> tuple[Option, ...]:
    """Return what can happen at a node: the end of the visit if it is one, and its ways on."""
    match node:
        case core.Menu() | core.Collect() | core.Question():
            return tuple(_asked(program, node))
        case core.Message():
            return tuple(_message(program, node))
        case _:
            along = (_along(program, node, way) for way in ways_of(node) if _is_at_once(node, way))
            return (Option(moves=(*_ending(program, node), *along)),)


def after_talk(node: core.Node) -> Way | None:
    """Return the way of a caller whose agent has hung up, if he goes on."""
    return next((way for way in ways_of(node) if way.why is Why.AFTER_TALK), None)


def _is_at_once(node: core.Node, way: Way) -> bool:
    """Leave out what comes after a talk, and what a limit of none never lets pass."""
    if isinstance(node, core.Limit) and way.why is Why.ONWARD:
        return node.times > 0
    return way.why is not Why.AFTER_TALK


def _ending(program: Program, node: core.Node) -> Iterator[Move]:
    """Yield how a visit ends here, if it may."""
    match node:
        case core.Enqueue():
            yield Move(to=Ending.AGENT, part=("queue",), happens="waits for an operator")
        case core.Transfer(number=number):
            yield Move(to=Ending.OUTSIDE, part=("number",), happens=f"is connected to {number}")
        case core.Callback(prompts=prompts):
            yield Move(
                to=Ending.CALLBACK,
                part=("prompts",),
                happens="is promised a callback",
                when=Number.KNOWN,
                time=program.length(prompts),
            )
        case core.Goodbye(prompts=prompts):
            time = program.length(prompts)
            yield Move(to=Ending.GOODBYE, part=("prompts",), happens="hears goodbye", time=time)
        case _:
            return


def _along(program: Program, node: core.Node, way: Way) -> Move:  # noqa: C901, PLR0911, PLR0912 (one row each)
    """Return what happens to a caller whom the world sends this way."""
    move = partial(Move, to=way.to, part=way.part)
    match node, way.part:
        case core.Play(prompts=prompts), _:
            return move(happens="hears it", time=program.length(prompts))
        case core.Assign(), _:
            return move(happens="goes on")
        case core.SetLanguage(language=language), _:
            return move(happens=f"hears {language} now")
        case core.Hours(schedule=schedule), ("open",):
            return move(happens=f"{schedule} is open", service=Service.OPEN)
        case core.Hours(schedule=schedule), ("closed",):
            return move(happens=f"{schedule} is closed", service=Service.CLOSED)
        case core.Until(moment=moment), ("before",):
            return move(happens=f"before {moment:%Y-%m-%d %H:%M}")
        case core.Until(moment=moment), ("after",):
            return move(happens=f"from {moment:%Y-%m-%d %H:%M} on")
        case core.Branch(), ("otherwise",):
            return move(happens="no case holds")
        case core.Branch(), _:
            return move(happens=f"case {way.label} holds")
        case core.Limit(times=times), ("next",):
            return move(happens=f"for the first {times} times", repeats=True)
        case core.Limit(), ("exhausted",):
            return move(happens="more often than allowed")
        case core.Lookup(service=service, patience=patience), ("next",):
            return move(happens=f"{service} answers", time=patience)
        case core.Lookup(service=service, patience=patience), ("not_found",):
            return move(happens=f"{service} has nothing", time=patience)
        case core.Lookup(service=service, patience=patience), ("fallback",):
            return move(happens=f"{service} does not answer", time=patience)
        case core.KnownNumber(), ("known",):
            return move(happens="his number is known", when=Number.KNOWN, number=Number.KNOWN)
        case core.KnownNumber() | core.Callback(), _:
            return move(happens="he hides his number", when=Number.HIDDEN, number=Number.HIDDEN)
        case core.Transfer(number=number), _:
            return move(happens=f"{number} does not answer", time=RINGING_OUTSIDE)
        case _:
            raise AssertionError(f"nobody has said what happens on this way: {way}")


_Asking: TypeAlias = core.Menu | core.Collect | core.Question


def _asked(program: Program, node: _Asking) -> Iterator[Option]:
    heard = program.length(node.prompts)
    # All answers to a question lead one way.
    ways = {(way.why is Why.FAILED, way.part): way for way in ways_of(node)}
    for way in ways.values():
        match node:
            case _ if way.why is Why.FAILED:
                yield _failed(program, node, way)
            case core.Menu():
                yield _chosen(way, f"presses {way.label}", heard + node.timeout)
            case core.Collect(format=asked):
                keys = longest(asked)
                time = heard + keys * node.timeout
                yield _chosen(way, f"types {asked.kind.value}", time, keys=keys)
            case core.Question():
                yield _chosen(way, "answers", heard + node.timeout)
            case _:
                assert_never(node)


def _chosen(way: Way, happens: str, time: timedelta, *, keys: int = 1) -> Option:
    move = Move(to=way.to, part=way.part, happens=happens, time=time)
    return Option(choice=Choice.CHOSEN, keys=keys, moves=(move,))


def _failed(program: Program, node: _Asking, way: Way) -> Option:
    times = _failures(node)
    happens = "says nothing" if times == 1 else f"says nothing {times} times"
    move = Move(to=way.to, part=way.part, happens=happens, time=failing(program, node))
    return Option(choice=Choice.FAILED, keys=times, moves=(move,))


def failing(program: Program, node: _Asking) -> timedelta:
    """Return how long silence lasts at most until nothing is forgiven any more."""
    apology = max(program.length(node.invalid_prompts), program.length(node.timeout_prompts))
    asked = program.length(node.prompts) + node.timeout
    failures = _failures(node)
    return failures * asked + (failures - 1) * apology


def _failures(node: _Asking) -> int:
    """Return how many failures lead on; a number of retries that makes no sense is a finding."""
    return max(0, node.retries) + 1


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
    lost = (
        Move(
            to=way.to,
            part=way.part,
            happens="leaves none",
            time=time,
            when=Number.HIDDEN,
            number=Number.HIDDEN,
        )
        for way in ways_of(node)
    )
    yield Option(choice=Choice.FAILED, moves=(called_back, *lost))
