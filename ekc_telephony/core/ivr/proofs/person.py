"""
Proof of requirement G2: a person is near at every point of the script.

Whoever has just come in, and whoever is asked something (menu, collect), gets to a person within
`max_keys_to_human` keys and `max_time_to_human` if he wants to, however the hours, the lookups and
the rest of the world turn out. He hears everything to its end and takes all the time he is given.
What he may do is press any key, and fail: a wrong entry is a key, too. A second figure is that of a
caller who presses nothing at all, since his telephone may have no tones: `max_time_to_human` is how
long he may be kept until he gets anywhere.

Who has talked to an agent needs none of this: what comes after the talk is exempt. So is what is
beyond the last question: prompts that lead to goodbye.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from ekc_telephony.core.ivr.proofs.finding import Code, Finding, Step
from ekc_telephony.core.ivr.proofs.moves import Ending, Service
from ekc_telephony.core.ivr.proofs.reach import TICK, Reach

_MINUTE: Final = 60


def a_person_is_near(reach: Reach) -> Iterator[Finding]:
    """Yield where it is too far to a person."""
    limits = reach.graph.program.limits
    if limits.keys is not None:
        yield from _nobody(reach)
        yield from _only_informed(reach)
        yield from _too_many_keys(reach, limits.keys)
    if limits.time is not None:
        yield from _too_long(reach, limits.time)


def _nobody(reach: Reach) -> Iterator[Finding]:
    lost = [each for each in reach.points if each not in reach.keys.distances]
    asked = [each for each in lost if each != reach.graph.start]
    for node in dict.fromkeys(each.node for each in asked or lost):
        yield Finding(
            code=Code.NO_PERSON,
            node=node,
            found="a point from which a caller may never get to a person",
            expected="a way to a queue, or after hours to a callback or a message",
            advice="give it a key that leads to an `enqueue` node (after hours: `message`), or "
            "write `max_keys_to_human: none` at the top and say why",
            way=reach.graph.way_to(node),
        )


def _only_informed(reach: Reach) -> Iterator[Finding]:
    for here, turns in reach.graph.turns.items():
        for way in (each for turn in turns for each in turn.ways):
            if way.move.service is not Service.CLOSED or isinstance(way.to, Ending):
                continue
            behind = reach.keys.distances.get(way.to)
            if behind is not None and behind.second_best:
                yield Finding(
                    code=Code.ONLY_INFORMED,
                    node=here.node,
                    part=way.move.part,
                    found="callers after hours who are only told so",
                    expected="a callback or a message, so that their matter is registered (G2)",
                    advice="lead `closed` to a menu that offers `message` and `callback`",
                    way=(Step(node=here.node, happens=way.move.happens), Step(node=way.to.node)),
                )
                return


def _too_many_keys(reach: Reach, most: int) -> Iterator[Finding]:
    farthest = reach.farthest(reach.keys)
    if farthest is None or (keys := reach.keys.distances[farthest].amount) <= most:
        return
    yield Finding(
        code=Code.TOO_MANY_KEYS,
        node=farthest.node,
        found=f"{keys} keys to a person",
        expected=f"at most {most} (max_keys_to_human)",
        advice="lead a key of its first menu to a queue",
        way=reach.keys.way_from(farthest),
    )


def _too_long(reach: Reach, most: timedelta) -> Iterator[Finding]:
    for code, solution, who in (
        (Code.TOO_LONG, reach.time, "to a person"),
        (Code.TOO_LONG_IN_SILENCE, reach.silence, "until the end for a caller who presses nothing"),
    ):
        farthest = reach.farthest(solution)
        if farthest is None:
            continue
        time = solution.distances[farthest].amount * TICK
        if time > most:
            yield Finding(
                code=code,
                node=farthest.node,
                found=f"{seconds(time)} {who}",
                expected=f"at most {seconds(most)} (max_time_to_human)",
                advice="shorten the prompts on this way, or its timeouts and retries",
                way=solution.way_from(farthest),
            )


def seconds(time: timedelta) -> str:
    """Return a length as people read it, rounded up."""
    total = -(-time // timedelta(seconds=1))
    return f"{total // _MINUTE} min {total % _MINUTE:02} s" if total >= _MINUTE else f"{total} s"
