"""
The installation that is walked: the scripts that ship, each once open and once closed.

Their copies differ from them in what a walk needs and no caller notices: they wait less long for a
key, and tell the information systems whose call it is. Texts are spoken by the engine that speaks
them everywhere, once for all walks of this clone; every prompt is cut short (`story_site`).
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from ekc_telephony.bootstrap.texts import render_missing
from ekc_telephony.core.ivr.texts import is_text_key
from ekc_telephony.core.kernel.ids import NodeId, PromptKey
from ekc_telephony.settings.hours import business_hours
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.ivr.rendered import wanted_by
from ekc_telephony.settings.library import script_file
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.rehearsing.stage import Stage
from ekc_telephony.settings.rehearsing.trials import Trial, run_tests
from lab.hearing import Sound
from lab.node import SAMPLE, Document
from lab.ports import PortBlock
from lab.runtime import PROJECT
from lab.story_site import write_story_site

SHIPPED: Final = {"federal": "federal", "regional_122": "regional"}
"""The scripts that calls begin with → the schedule that decides whether they are open."""
_CALLED: Final = ("offices", "rating", "survey")
_OPEN, _CLOSED = "around_the_clock", "never"
PATIENCE: Final = timedelta(seconds=15)
"""How long the copies wait for a key: as long as a busy machine may take to find a prompt."""
TEXT_LENGTH: Final = timedelta(milliseconds=2200)
"""Texts begin alike («Чтобы узнать …»): after so long all of them differ."""
VOICES: Final = PROJECT / ".runtime" / "walk-voices"
"""What was spoken for walks before."""


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
    _, scripts = shipped_scripts()
    texts = {key: said["ru"] for each in scripts for key, said in each.texts.items()}
    (found,) = (key for key, said in texts.items() if said.startswith(beginning))
    return found


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
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_unicode, yaml.default_flow_style = True, False
    for name in (script, *_CALLED):
        copy: dict[str, Any] = yaml.load(PROJECT / "ivr_scripts" / f"{name}.yaml")
        for node in copy["nodes"].values():
            _suit(node, schedule=schedule, suffix=suffix)
        yaml.dump(copy, folder / f"{name}_{suffix}.yaml")
    return f"{script}_{suffix}"


def _suit(node: dict[str, Any], *, schedule: str, suffix: str) -> None:
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


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let no other process speak meanwhile: it would do the same, or find half a voice."""
    with VOICES.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def speak(settings: Settings) -> None:
    """Put what the scripts say besides the shipped prompts on the site's shelf."""
    _, scripts = shipped_scripts()
    shelf = settings.rendered_sounds
    wanted = [prompt for each in scripts for prompt in wanted_by(each)]
    with _one_at_a_time():
        if VOICES.is_dir():
            shutil.copytree(VOICES, shelf, dirs_exist_ok=True)
        if render_missing(settings, wanted, runtime=PROJECT / ".runtime"):
            shutil.copytree(shelf, VOICES, dirs_exist_ok=True)
    for file in (shelf / "ru").glob("*.wav"):
        if is_text_key(PromptKey(file.stem)):
            Sound.read(file).beginning(TEXT_LENGTH).write(file)
