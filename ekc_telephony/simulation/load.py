"""
From a scenario file to what can be simulated, or to all its mistakes at once.

Rule 1: there is no half of a scenario: `Playable` or `SettingsError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ekc_telephony.core.engine.engine import EnginePlan
from ekc_telephony.core.engine.features import FeatureCodes
from ekc_telephony.core.ivr.script import Enqueue, Play, Script
from ekc_telephony.core.ivr.zones import ZoneTable
from ekc_telephony.core.kernel.ids import Did, NodeId, PromptKey, QueueId, ScriptId
from ekc_telephony.settings.document import Document, read_document
from ekc_telephony.settings.errors import Mistake, SettingsError
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Operator, OutsideNumber, Routing, ServiceLevel, Settings
from ekc_telephony.settings.plan import engine_plan
from ekc_telephony.settings.routing import routing_mistakes
from ekc_telephony.simulation.mistakes import cross_check, explain_scenario
from ekc_telephony.simulation.recorded import RecordedCall, read_recorded
from ekc_telephony.simulation.scenario import Calls, Scenario, Staff

MENU: Final = PromptKey("simulated-menu")
"""What stands for a menu in front of a queue; it lasts as long as each caller's menu does."""
_NO_CODES: Final = FeatureCodes(
    ready="", not_ready={}, signed_out="", end_of_wrap_up="", extend_wrap_up=""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Playable:
    """A scenario with all that it names."""

    scenario: Scenario
    centre: Settings
    """Queues, operators and routing; nothing else of it is there."""
    staff: tuple[Staff, ...]
    """Whose shifts the agents keep."""
    plan: EnginePlan
    service_level: ServiceLevel
    sounds: Path | None
    """Where the prompts lie, to know how long they are."""
    recorded: Mapping[int, tuple[RecordedCall, ...]]
    """Real calls, by the index of the kind of caller."""


def did_of(calls: Calls) -> Did:
    """Return the number that these callers dial."""
    return Did(calls.number or f"queue-{calls.queue}")


def load_scenario(path: Path) -> Playable:
    """
    Read and check `path`.

    Raises:
        SettingsError: It cannot be used; names every mistake with its place.
    """
    document = read_document(path)
    folder = path.absolute().parent
    mistakes: list[Mistake] = []
    scenario: Scenario | None = None
    try:
        scenario = Scenario.model_validate(document.plain, context={"folder": folder})
    except ValidationError as error:
        mistakes += explain_scenario(document, error.errors())
    if scenario is None:
        raise SettingsError(mistakes)
    settings = None if scenario.configuration is None else load_settings(scenario.configuration)
    mistakes += cross_check(document, scenario, settings)
    if mistakes:
        raise SettingsError(mistakes)
    return _playable(document, scenario, settings)


def _playable(document: Document, scenario: Scenario, settings: Settings | None) -> Playable:
    staff = scenario.operators or _all_day(settings)
    norm = scenario.service_level or (settings.service_level if settings else None)
    assert norm is not None
    centre = _centre(scenario, settings, staff)
    if mistakes := list(routing_mistakes(document, centre)):
        raise SettingsError(mistakes)
    return Playable(
        scenario=scenario,
        centre=centre,
        staff=staff,
        plan=_plan(scenario, settings),
        service_level=norm,
        sounds=None if settings is None else settings.sounds / "ru",
        recorded=_recorded(document, scenario),
    )


def _centre(scenario: Scenario, settings: Settings | None, staff: tuple[Staff, ...]) -> Settings:
    """Return what the seam between configuration and core reads, and nothing else."""
    told = scenario.queues or (settings.queues if settings else ())
    # Nobody speaks here, so everybody would be silent.
    queues = tuple(each.model_copy(update={"silence_after": None}) for each in told)
    numbers = {rule.number for each in queues for rule in each.overflow if rule.number is not None}
    return Settings.model_construct(
        queues=queues,
        # Nobody is really rung, so every number may be.
        outside=tuple(OutsideNumber.model_construct(number=each, trunk="") for each in numbers),
        operators=tuple(chain.from_iterable(each.operators() for each in staff)),
        routing=scenario.routing or (settings.routing if settings else Routing()),
    )


def _all_day(settings: Settings | None) -> tuple[Staff, ...]:
    """Return a configuration's own operators, signed in for as long as calls arrive."""
    operators = () if settings is None else settings.operators
    return tuple(
        Staff.model_construct(
            **{field: getattr(each, field) for field in Operator.model_fields},
            count=1,
            shift=None,
            breaks=(),
            absent=None,
        )
        for each in operators
    )


def _plan(scenario: Scenario, settings: Settings | None) -> EnginePlan:
    real = None if settings is None else engine_plan(settings, today=scenario.day)
    scripts = {
        did_of(each): _script_to(QueueId(each.queue))
        for each in scenario.calls
        if each.queue is not None
    }
    return EnginePlan(
        scripts=scripts if real is None else {**real.scripts, **scripts},
        schedules={} if real is None else real.schedules,
        zones=ZoneTable() if real is None else real.zones,
        feature_codes=_NO_CODES if real is None else real.feature_codes,
        admission=None if real is None else real.admission,
    )


def _script_to(queue: QueueId) -> Script:
    """Return a script that lets a caller pass the time of a menu and then wait."""
    menu, wait = NodeId("menu"), NodeId("wait")
    return Script(
        script=ScriptId(f"simulated-{queue}"),
        entry=menu,
        nodes={
            menu: Play(prompts=(MENU,), next=wait),
            wait: Enqueue(queue=queue, answers_at_once=True),
        },
    )


def _recorded(document: Document, scenario: Scenario) -> dict[int, tuple[RecordedCall, ...]]:
    found: dict[int, tuple[RecordedCall, ...]] = {}
    mistakes: list[Mistake] = []
    for index, calls in enumerate(scenario.calls):
        if calls.recorded is None:
            continue
        try:
            found[index] = read_recorded(calls.recorded)
        except (OSError, ValueError) as error:
            mistakes.append(
                document.mistake(
                    ("calls", index, "recorded"),
                    found=f"a file that cannot be read: {error}",
                    expected="calls as `ekc appeals export` writes them (plain CSV)",
                    advice="export them again, without --excel",
                )
            )
    if mistakes:
        raise SettingsError(mistakes)
    return found
