"""
`ekc simulate`: a day of the hotline without Asterisk, measured, or two policies side by side.

The production core works under a virtual clock; callers and operators behave as the scenario says
(`docs/howto/simulate.md`). The same seed gives the same answer, however many processes work at it.

Exit codes: 0 all is well; 2 the command line or a scenario is wrong.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ekc_telephony.cli import simulate_view as view
from ekc_telephony.cli.asking import WRONG_INPUT, AsJson, fail, print_table
from ekc_telephony.cli.simulate_progress import progress
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.simulation.load import Playable, load_scenario
from ekc_telephony.simulation.replications import Report, differences, replicate, report_of
from ekc_telephony.simulation.routing_only import NotRoutingAloneError

ScenarioFile = Annotated[
    Path, typer.Argument(metavar="SCENARIO.yaml", help="Who calls, who answers.")
]
Other = Annotated[
    Path | None,
    typer.Option("--compare", metavar="OTHER.yaml", help="Another policy for the same callers."),
]
Replications = Annotated[
    int,
    typer.Option(
        "--replications",
        "-r",
        min=1,
        help="How many days. A day of 150,000 calls takes some 45 s of a processor; for one: -r 1.",
    ),
]
Seed = Annotated[int, typer.Option(help="For the dice: the same seed, the same days.")]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, help="Processes at once; as many as processors."),
]
Confidence = Annotated[
    float, typer.Option(min=0.5, max=0.9999, help="How sure the intervals shall be.")
]
ByTime = Annotated[bool, typer.Option("--by-time", help="Show each half-hour, too.")]


def simulate(
    scenario: ScenarioFile,
    *,
    compare: Other = None,
    replications: Replications = 5,
    seed: Seed = 0,
    jobs: Jobs = None,
    confidence: Confidence = 0.95,
    by_time: ByTime = False,
    as_json: AsJson = False,
) -> None:
    """Let simulated citizens call simulated operators, and measure what they meet."""
    policies = [_load(path) for path in (scenario, compare) if path is not None]
    jobs = min(jobs or os.cpu_count() or 1, replications * len(policies))
    _check_same_queues(policies, compare)
    try:
        with progress(len(policies) * replications, jobs=jobs) as watch:
            days = replicate(policies, replications=replications, seed=seed, jobs=jobs, watch=watch)
    except NotRoutingAloneError as error:
        fail(f"{scenario}: {error}", code=WRONG_INPUT)
    reports = [
        report_of(policy, measured, confidence=confidence)
        for policy, measured in zip(policies, days, strict=True)
    ]
    difference = differences(days[0], days[1], confidence=confidence) if compare else None
    if as_json:
        typer.echo(view.as_json(policies, reports, difference, seed=seed))
        return
    for line in view.heading(policies[0], reports, seed=seed):
        typer.echo(line)
    if difference is None:
        _print_one(policies[0], reports[0], by_time=by_time)
    else:
        print_table(view.comparison(reports[0], reports[1], difference))
    typer.echo(view.cost(reports, jobs=jobs))


def _print_one(policy: Playable, report: Report, *, by_time: bool) -> None:
    print_table(view.totals(report))
    typer.echo()
    print_table(view.queues(report))
    if by_time:
        typer.echo()
        print_table(view.stretches(report, policy.scenario))


def _load(path: Path) -> Playable:
    try:
        return load_scenario(path)
    except SettingsError as error:
        fail(f"ekc simulate: {error}", code=WRONG_INPUT)


def _check_same_queues(policies: list[Playable], other: Path | None) -> None:
    """Refuse a comparison in which callers would look for queues that are not there."""
    if other is None:
        return
    wanted = {each.queue for each in policies[0].scenario.calls if each.queue is not None}
    missing = sorted(wanted - {queue.id for queue in policies[1].centre.queues})
    if missing:
        fail(
            f"{other}: found no queue {', '.join(missing)}; expected the queues of the first "
            "scenario, whose callers call in both; add them, or compare with another file",
            code=WRONG_INPUT,
        )
