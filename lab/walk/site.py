"""
The installation that is walked: the scripts that ship, each once open and once closed.

Their copies differ from them in what a walk needs and no caller notices: they wait less long for a
key, and tell the information systems whose call it is. Texts are spoken by the engine that speaks
them everywhere, once for this clone (`lab/voices.py`); every prompt is cut short (`story_site`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Final

from ekc_telephony.core.ivr.texts import is_text_key
from ekc_telephony.core.kernel.ids import NodeId, PromptKey
from ekc_telephony.settings.hours import business_hours
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.library import script_file
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.rehearsing.stage import Stage
from ekc_telephony.settings.rehearsing.trials import Trial, run_tests
from lab.hearing import Sound
from lab.node import SAMPLE, Document
from lab.ports import PortBlock
from lab.script_copies import Node, copy_script
from lab.story_site import write_story_site
from lab.voices import saying, speak_texts

SHIPPED: Final = {"federal": "federal", "regional_122": "regional"}
"""The scripts that calls begin with → the schedule that decides whether they are open."""
_CALLED: Final = ("offices", "rating", "survey")
_OPEN, _CLOSED = "around_the_clock", "never"
PATIENCE: Final = timedelta(seconds=15)
"""How long the copies wait for a key: as long as a busy machine may take to find a prompt."""
TEXT_LENGTH: Final = timedelta(milliseconds=2200)
"""Texts begin alike («Чтобы узнать …»): after so long all of them differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One test case, and the number at which a phone meets it."""

    trial: Trial
    did: str

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return f"{self.trial.script}: {self.trial.case.name}"


@cache
def shipped_scripts() -> tuple[Settings, list[LoadedScript]]:
    """Return the sample's settings, and the scripts that ship."""
    settings = load_settings(SAMPLE)
    stage = Stage(settings)
    return settings, [stage.load(script_file(settings, name)) for name in SHIPPED]


def errands() -> list[Errand]:
    """Return all test cases of the scripts that ship, rehearsed."""
    settings, scripts = shipped_scripts()
    report = run_tests(settings, scripts)
    assert not report.failed, [each.case.name for each in report.failed]
    return [
        Errand(trial=each, did=did_of(each.script, is_open=_is_open(settings, each)))
        for each in report.trials
    ]


def covering(paths: Sequence[Errand], *, most: int) -> list[Errand]:
    """Return so many test cases that come to most of the nodes, the most useful first."""
    left, chosen, seen = list(paths), list[Errand](), set[tuple[str, NodeId]]()

    def nodes(errand: Errand) -> set[tuple[str, NodeId]]:
        return {(errand.trial.script, node) for node in errand.trial.call.nodes}

    while left and len(chosen) < most:
        best = max(left, key=lambda each: len(nodes(each) - seen))
        left.remove(best)
        chosen.append(best)
        seen |= nodes(best)
    return chosen


def prompt_saying(beginning: str) -> PromptKey:
    """Return the prompt of the scripts that ship whose text begins so."""
    return saying(beginning, shipped_scripts()[1])


def did_of(script: str, *, is_open: bool) -> str:
    """Return the number that leads to a script while it is open, or closed."""
    return f"8800200{list(SHIPPED).index(script):03}{int(is_open)}"


def _is_open(settings: Settings, trial: Trial) -> bool:
    at: datetime = trial.case.at
    schedule = settings.schedules[SHIPPED[trial.script]]
    return business_hours(settings, schedule, today=at.date()).is_open(at)


def write_walk_site(folder: Path, *, ports: PortBlock, url_of: Callable[[Document], str]) -> Path:
    """
    Write the installation and return its `ekc.yaml`.

    Args:
        folder: Where everything of this node lives.
        ports: Its ports.
        url_of: Where the information system of a service of the sample is.
    """

    def change(document: Document) -> None:
        for name in SHIPPED:
            for is_open in (True, False):
                copy = _write_copies(folder / "scripts", name, is_open=is_open)
                did = did_of(name, is_open=is_open)
                document["numbers"].append({"did": did, "script": copy})
        for service in document["services"]:
            service["url"] = url_of(service)
            service["retries"] = 0
            service["timeout"] = "20s"
            service["breaker"] = {"failures": 1000, "pause": "1s"}

    return write_story_site(folder, ports=ports, change=change)


def _write_copies(folder: Path, script: str, *, is_open: bool) -> str:
    """Write a script and those it calls; return its name there."""
    suffix = "open" if is_open else "closed"
    schedule = _OPEN if is_open else _CLOSED
    for name in (script, *_CALLED):
        suit = partial(_suit, schedule=schedule, suffix=suffix)
        copy_script(name, folder / f"{name}_{suffix}.yaml", change=suit)
    return f"{script}_{suffix}"


def _suit(node: Node, *, schedule: str, suffix: str) -> None:
    match node["kind"]:
        case "hours":
            node["schedule"] = schedule
        case "call":
            node["script"] = f"{node['script']}_{suffix}"
        case "lookup":
            node.setdefault("fields", {})["number"] = "caller.number"
        case _:
            pass
    if "timeout" in node:
        node["timeout"] = f"{PATIENCE.total_seconds():g}s"


def speak(settings: Settings) -> None:
    """Put what the scripts say besides the shipped prompts on the site's shelf."""
    speak_texts(settings, shipped_scripts()[1])
    for file in (settings.rendered_sounds / "ru").glob("*.wav"):
        if is_text_key(PromptKey(file.stem)):
            Sound.read(file).beginning(TEXT_LENGTH).write(file)
