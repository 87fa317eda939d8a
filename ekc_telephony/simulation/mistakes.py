"""
What can be wrong with a scenario, told with its place: keys, names, ways in, times.

The means are those of `ekc.yaml` (`settings/document.py`, `settings/explain.py`); the words about
unknown and missing keys are the scenario's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ekc_telephony.settings.document import EVERY, Document, Location
from ekc_telephony.settings.errors import Mistake, suggest
from ekc_telephony.settings.explain import explain
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.values import Interval
from ekc_telephony.simulation.scenario import Calls, Scenario


def cross_check(
    document: Document, scenario: Scenario, settings: Settings | None
) -> Iterator[Mistake]:
    """
    Yield what does not fit together.

    Args:
        document: The file.
        scenario: What it says.
        settings: The configuration that it names, if it names one.
    """
    yield from _has_a_centre(document, scenario, settings)
    yield from _names(document, scenario, settings)
    for index, calls in enumerate(scenario.calls):
        yield from _source(document, index, calls)
        yield from _way_in(document, index, calls, settings)
        yield from _inside_hours(document, ("calls", index, "arrivals"), calls.arrivals, scenario)
    for name, profile in scenario.profiles.items():
        yield from _inside_hours(document, ("profiles", name), profile, scenario)
        if not sum(profile.values()):
            yield document.mistake(
                ("profiles", name),
                found="a profile without weight",
                expected="a weight above 0 in one of its intervals",
                advice="raise one of them",
            )
    if scenario.warm_up >= scenario.hours.closes - scenario.hours.opens:
        yield document.mistake(
            ("warm_up",),
            found="a warm-up that leaves nothing to measure",
            expected="a warm-up shorter than `hours`",
            advice="shorten it or lengthen `hours`",
        )


def _has_a_centre(
    document: Document, scenario: Scenario, settings: Settings | None
) -> Iterator[Mistake]:
    if settings is not None:
        return
    for key in ("queues", "operators", "service_level"):
        if not getattr(scenario, key):
            yield document.mistake(
                (),
                found=f"neither `configuration:` nor `{key}:`",
                expected=f"`{key}:`, or an ekc.yaml that has it",
                advice=f"add `{key}:` in the words of ekc.yaml, or `configuration: ekc.yaml`",
            )


def _names(document: Document, scenario: Scenario, settings: Settings | None) -> Iterator[Mistake]:
    queues = [each.id for each in scenario.queues or (settings.queues if settings else ())]
    skills = [each.name for each in scenario.skills or (settings.skills if settings else ())]
    places: list[tuple[str, Location, Sequence[str]]] = [
        ("queue", ("calls", EVERY, "queue"), queues),
        ("profile", ("calls", EVERY, "profile"), list(scenario.profiles)),
    ]
    for what, pattern, known in places:
        for found in document.scalars_at(pattern):
            if found.written not in known:
                yield _unknown(document, found.location, found.written, what, known)
    for owner in ("queues", "operators"):
        for found in document.keys_under((owner, EVERY, "skills")):
            if found.written not in skills:
                yield _unknown(document, found.location, found.written, "skill", skills)
    yield from _twice(document, "queue", [each.id for each in scenario.queues], "queues")
    yield from _twice(document, "kind of caller", [c.title for c in scenario.calls], "calls")
    accounts: set[str] = set()
    for index, staff in enumerate(scenario.operators):
        names = set(staff.accounts())
        if taken := sorted(names & accounts):
            yield _second(document, "account", taken[0], ("operators", index))
        accounts |= names


def _twice(document: Document, what: str, names: Sequence[str], block: str) -> Iterator[Mistake]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield _second(document, what, name, (block, index))


def _second(document: Document, what: str, name: str, place: Location) -> Mistake:
    return document.mistake(
        place,
        found=f"the {what} {name} for the second time",
        expected=f"every {what} once",
        advice="give one of the two another `account:`, `id:` or `name:`",
    )


def _unknown(
    document: Document, place: Location, name: str, what: str, known: Sequence[str]
) -> Mistake:
    return document.mistake(
        place,
        found=f"the unknown {what} {name}",
        expected=f"a {what} that exists",
        advice=suggest(name, known, f"add the {what}"),
        at_key=True,
    )


def _source(document: Document, index: int, calls: Calls) -> Iterator[Mistake]:
    given = [
        name
        for name, is_given in (
            ("arrivals", bool(calls.arrivals)),
            ("total", calls.total is not None),
            ("recorded", calls.recorded is not None),
        )
        if is_given
    ]
    if len(given) != 1 or (calls.total is None) is not (calls.profile is None):
        yield document.mistake(
            ("calls", index),
            found=f"{' and '.join(given) or 'nothing'} to say when these callers call",
            expected="one of: `arrivals:`; `total:` with `profile:`; `recorded:`",
            advice="leave one of them",
        )


def _way_in(
    document: Document, index: int, calls: Calls, settings: Settings | None
) -> Iterator[Mistake]:
    numbers = [each.did for each in settings.numbers] if settings else []
    if (calls.queue is None) is (calls.number is None):
        yield document.mistake(
            ("calls", index),
            found="callers who reach nobody" if calls.queue is None else "two ways in",
            expected="either `queue:` or `number:`",
            advice="leave one of them",
        )
    elif calls.number is not None and calls.number not in numbers:
        yield _unknown(document, ("calls", index, "number"), calls.number, "number", numbers)


def _inside_hours(
    document: Document, place: Location, profile: Mapping[Interval, float], scenario: Scenario
) -> Iterator[Mistake]:
    latest = scenario.hours.opens
    for interval, written in zip(profile, document.keys_under(place), strict=True):
        if interval.opens < latest or interval.closes > scenario.hours.closes:
            yield document.mistake(
                written.location,
                found=f"{written.written}, which overlaps another interval or lies outside `hours`",
                expected="intervals in order, within `hours`",
                advice="sort them, or change `hours`",
                at_key=True,
            )
        latest = max(latest, interval.closes)


# --- what pydantic found


def explain_scenario(document: Document, details: Sequence[ErrorDetails]) -> Iterator[Mistake]:
    """Yield what pydantic found wrong, unknown and missing keys in the words of a scenario."""
    for detail in details:
        match detail["type"]:
            case "extra_forbidden":
                *parent, key = detail["loc"]
                known = _keys_known_at(tuple(parent))
                yield document.mistake(
                    detail["loc"],
                    found=f"the unknown key {key}",
                    expected=f"one of: {', '.join(known)}",
                    advice=suggest(str(key), known, "remove it"),
                    at_key=True,
                )
            case "missing":
                yield document.mistake(
                    detail["loc"][:-1],
                    found=f"no `{detail['loc'][-1]}:` here",
                    expected=f"the key {detail['loc'][-1]}",
                    advice="add it; docs/howto/simulate.md describes every key",
                    at_key=True,
                )
            case _:
                yield from explain(document, [detail])


def _keys_known_at(location: Location) -> list[str]:
    annotation: Any = Scenario
    for step in location:
        if isinstance(step, int):
            annotation = next(
                (each for each in get_args(annotation) if _is_model(each)), annotation
            )
        elif _is_model(annotation) and step in annotation.model_fields:
            annotation = annotation.model_fields[step].annotation
    return sorted(annotation.model_fields) if _is_model(annotation) else []


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
