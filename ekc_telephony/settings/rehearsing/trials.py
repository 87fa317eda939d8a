"""
All test cases of scripts, one after another, and what of the scripts they leave untried.

Coverage is counted over the nodes that some caller can come to and the ways he can go from there
(`core.ivr.trail`): a branch is tried when a caller of some case has gone it.

Rule 1: a file of cases that cannot be read is a mistake; a script without one is told, and counts
as untried.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ekc_telephony.core.ivr.rehearsal import Rehearsal
from ekc_telephony.core.ivr.script import Collect, Lookup, Node, Script
from ekc_telephony.core.ivr.trail import Walked, reachable, walkable
from ekc_telephony.core.ivr.ways import Way, Why
from ekc_telephony.core.kernel.ids import NodeId
from ekc_telephony.settings.errors import Mistake, SettingsError, suggest
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.library import known_names
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.rehearsing.cases import Case, cases_file, read_cases
from ekc_telephony.settings.rehearsing.deeds import act
from ekc_telephony.settings.rehearsing.phrasebook import Phrasebook
from ekc_telephony.settings.rehearsing.stage import Call, Stage
from ekc_telephony.settings.rehearsing.verdict import Difference, differences

_WHOLE: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One case, and what came of it."""

    script: str
    case: Case
    call: Rehearsal
    phrasebook: Phrasebook
    differences: tuple[Difference, ...]

    @property
    def has_passed(self) -> bool:
        """Whether all went as the case says."""
        return not self.differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Untried:
    """A node or a way that no case walks."""

    place: str
    """Where it is written, `file:line`."""
    node: NodeId
    way: Way | None = None
    """None: no caller of a case comes to the node at all."""
    label: str = ""
    """The way, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of a script its cases walk."""

    nodes: int
    nodes_tried: int
    ways: int
    ways_tried: int
    untried: tuple[Untried, ...]

    @property
    def percent(self) -> float:
        """The smaller share of the two, of 100."""
        return min(_share(self.nodes_tried, self.nodes), _share(self.ways_tried, self.ways))


def _share(tried: int, of: int) -> float:
    return _WHOLE * tried / of if of else _WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptReport:
    """What came of the cases of one script."""

    script: str
    trials: tuple[Trial, ...]
    coverage: Coverage
    has_cases: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of all cases."""

    scripts: tuple[ScriptReport, ...]

    @property
    def trials(self) -> Sequence[Trial]:
        """Every case."""
        return [trial for each in self.scripts for trial in each.trials]

    @property
    def failed(self) -> Sequence[Trial]:
        """Those that went otherwise than they say."""
        return [each for each in self.trials if not each.has_passed]


def tell_nobody(_trial: Trial) -> None:
    """Let nobody know how far the trials are."""


def run_tests(
    settings: Settings,
    scripts: Iterable[LoadedScript],
    *,
    tell: Callable[[Trial], None] = tell_nobody,
) -> Report:
    """
    Rehearse all test cases of scripts, which lie in `tests` beside the scripts.

    Args:
        settings: The configuration.
        scripts: The scripts, as they are to be tried: on disk, or about to be published.
        tell: Told of every case when it is done.

    Raises:
        SettingsError: A file of cases cannot be read; names every mistake of all of them.
    """
    stage, known = Stage(settings), known_names(settings)
    reports, mistakes = list[ScriptReport](), list[Mistake]()
    for loaded in scripts:
        file = cases_file(settings.scripts, loaded.script.script)
        try:
            cases = read_cases(file, loaded, known=known) if file.exists() else []
        except SettingsError as error:
            mistakes += error.mistakes
            continue
        phrasebook = stage.phrasebook(loaded)
        trials = list[Trial]()
        for case in cases:
            trials.append(_try(stage, loaded, case, phrasebook))
            tell(trials[-1])
        reports.append(
            ScriptReport(
                script=loaded.script.script,
                trials=tuple(trials),
                coverage=coverage_of(loaded, [each.call for each in trials]),
                has_cases=file.exists(),
            )
        )
    if mistakes:
        raise SettingsError(mistakes)
    return Report(scripts=tuple(reports))


def _try(stage: Stage, loaded: LoadedScript, case: Case, phrasebook: Phrasebook) -> Trial:
    script = loaded.script.script
    dialled = case.dialled or stage.dialled_for(script)
    call = stage.rehearse(
        loaded,
        Call(at=case.at, number=case.number, dialled=dialled, lookups=case.lookups),
        phrasebook=phrasebook,
    )
    refused = act(call, case.deeds)
    return Trial(
        script=script,
        case=case,
        call=call,
        phrasebook=phrasebook,
        differences=tuple(differences(case, call, refused, phrasebook)),
    )


def coverage_of(loaded: LoadedScript, calls: Sequence[Rehearsal]) -> Coverage:
    """Count what calls have walked of a script."""
    script = loaded.script
    nodes, ways = reachable(script), list(walkable(script))
    came_to = {node for call in calls for node in call.nodes}
    went = {way for call in calls for way in call.ways}
    untried = [
        Untried(place=place_of(loaded, node), node=node)
        for node in script.nodes
        if node in nodes and node not in came_to
    ]
    untried += [
        Untried(
            place=place_of(loaded, each.source),
            node=each.source,
            way=each.way,
            label=in_words(script, each),
        )
        for each in ways
        if each not in went and each.source in came_to
    ]
    return Coverage(
        nodes=len(nodes),
        nodes_tried=len(nodes & came_to),
        ways=len(ways),
        ways_tried=sum(each in went for each in ways),
        untried=tuple(untried),
    )


def stray_cases(scripts: Path, names: Collection[str]) -> Iterator[Mistake]:
    """Yield a mistake for every file of cases that is of no script."""
    for file in sorted((scripts / "tests").glob("*.yaml")):
        if file.stem not in names:
            yield Mistake(
                file=file,
                line=1,
                column=1,
                found=f"test cases of the script {file.stem}, which calls cannot begin with",
                expected="a file named as a script is",
                advice=suggest(file.stem, names, "rename it, or test the scripts that call it"),
            )


def in_one_line(trial: Trial) -> str:
    """Return what went otherwise in a case, for whoever is refused because of it."""
    told = "; ".join(f"expected {each.expected}, found {each.found}" for each in trial.differences)
    return (
        f"{trial.case.place}: the test case «{trial.case.name}» of {trial.script} fails: {told}\n"
        f"    what to do: `ekc ivr test` shows the call; correct the script, or the case"
    )


def place_of_difference(trial: Trial, difference: Difference) -> str:
    """Return where the expectation is written, `file:line:column`."""
    document, case = trial.case.document, trial.case
    at = document.position((*case.location, *difference.where), at_key=True)
    return f"{document.file}:{at.line}:{at.column}"


def place_of(loaded: LoadedScript, node: NodeId) -> str:
    """Return where a node is written, `file:line`."""
    place = loaded.places[node]
    position = place.document.position(place.location, at_key=True)
    return f"{place.document.file}:{position.line}"


def in_words(script: Script, walked: Walked) -> str:
    """Return a way for a person."""
    return f"{_why(script.nodes[walked.source], walked.way)} → {walked.way.to}"


def _why(node: Node, way: Way) -> str:  # noqa: PLR0911 (one row each)
    match way.why, node:
        case Why.KEY, _:
            return f"key {way.label}"
        case Why.FAILED, _:
            return "wrong keys or silence"
        case Why.ONWARD, Collect():
            return "what was asked is typed"
        case Why.ONWARD, _:
            return "onward"
        case Why.WORLD, Lookup(service=service):
            return f"{service} {way.label}"
        case Why.WORLD, _:
            return f"case {way.label}" if way.label.isdigit() else way.label
        case Why.UNAVAILABLE, _:
            return "not to be had"
        case Why.AFTER_TALK, _:
            return "after the talk"
        case _:
            return "passed too often"
