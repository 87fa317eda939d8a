"""
The installation that stories are played on: the sample `ekc.yaml` with short times and prompts.

Prompts are cut after `PROMPT_LENGTH`, long enough to tell each from all others, so a story
hears the shipped prompts and need not sit them out. Nothing else about them differs.

Rule 1: what stories wait out is short (a wrap-up, a rest, `SILENCE` at `IMPATIENT`); what they do
something within is long (`RING_TIME`, `THINKING`): a busy machine takes its time. A story that lets
a phone ring in vain says so: `ring_time=RINGS_IN_VAIN`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from lab.hearing import Sound
from lab.node import Document, write_site
from lab.ports import PortBlock
from lab.runtime import PROJECT

HOTLINE: Final = "88001000001"
"""Greeting and menu, open round the clock."""
NIGHT: Final = "88001000002"
"""The same, always closed."""
FIRST_LINE: Final = "88001000003"
"""Straight into the queue of the first line."""
PENSIONS: Final = "88001000004"
"""Straight into the queue of the second line, which informs when nobody is signed in."""
UNKNOWN: Final = "88001009999"
"""Nobody serves it."""

LINES: Final = "88001000021"
"""Straight into a queue that keys lead out of, once `add_ways_to_a_message` was called."""
EVENING: Final = "88001000022"
"""A script that takes messages only, likewise."""

IMPATIENT: Final = "88001000006"
"""As the hotline, but its menu waits for a key no longer than `SILENCE`."""

SILENCE: Final = timedelta(seconds=1)
THINKING: Final = timedelta(seconds=45)
"""How long the other menus wait for a key; twice that, and a proof finds it too long."""
RING_TIME: Final = timedelta(seconds=60)
RINGS_IN_VAIN: Final = timedelta(seconds=3)
"""As long as a phone rings where stories wait until it stops."""
WRAP_UP: Final = timedelta(seconds=1)
AFTER_REFUSAL: Final = timedelta(seconds=3)
ANNOUNCE_EVERY: Final = timedelta(seconds=5)
PROMPT_LENGTH: Final = timedelta(milliseconds=1200)

FIXED: Final = "zimina"
"""An operator of the first line whose phone is at a fixed address, `fixed_port`."""


def fixed_port(ports: PortBlock) -> int:
    """Return where the phone at a fixed address listens."""
    return ports.first + 62


def write_story_site(
    folder: Path,
    *,
    ports: PortBlock,
    change: Callable[[Document], None] | None = None,
    ring_time: timedelta = RING_TIME,
) -> Path:
    """
    Write `ekc.yaml`, scripts and sounds into a folder and return the path of the first.

    Args:
        folder: Where everything of this node lives.
        ports: Its ports.
        change: Changes the configuration further.
        ring_time: How long phones ring.
    """
    _write_scripts(folder / "scripts")
    _write_sounds(folder / "sounds")

    def change_all(document: Document) -> None:
        _change(document, ports, ring_time=ring_time)
        if change is not None:
            change(document)

    return write_site(folder, ports=ports, change=change_all)


def without_the_fixed(document: Document) -> None:
    """Leave out the phone that is taken to be there though it is not; a `change` of a site."""
    document["operators"] = [each for each in document["operators"] if each["account"] != FIXED]


def _change(document: Document, ports: PortBlock, *, ring_time: timedelta) -> None:
    document["scripts"] = "scripts"
    document["sounds"] = "sounds"
    document["asterisk"]["transfer_button"] = True
    document["numbers"] = [
        {"did": HOTLINE, "script": "hotline"},
        {"did": NIGHT, "script": "night"},
        {"did": IMPATIENT, "script": "impatient"},
        {"did": FIRST_LINE, "script": "first_line"},
        {"did": PENSIONS, "script": "pensions"},
    ]
    document["schedules"]["never"] = {
        "time_zone": "Europe/Moscow",
        "weekly": {"mon-sun": []},
        "holidays": "none",
    }
    for queue in document["queues"]:
        queue["ring_time"] = _seconds(ring_time)
        queue["wrap_up"] = _seconds(WRAP_UP)
        queue["after_refusal"] = _seconds(AFTER_REFUSAL)
        queue["announce_every"] = _seconds(ANNOUNCE_EVERY)
    document["operators"].append(
        {
            "account": FIXED,
            "name": "Вера Зимина",
            "line": "first",
            "skills": {"general": 5},
            "contact": f"sip:127.0.0.1:{fixed_port(ports)}",
        }
    )


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():g}s"


def _write_scripts(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    yaml = YAML()
    for name, schedule, patience in (
        ("hotline", "around_the_clock", THINKING),
        ("night", "never", THINKING),
        ("impatient", "around_the_clock", SILENCE),
    ):
        script: dict[str, Any] = yaml.load(PROJECT / "ivr_scripts" / "hotline.yaml")
        script["nodes"]["working_hours"]["schedule"] = schedule
        script["nodes"]["main_menu"]["timeout"] = _seconds(patience)
        yaml.dump(script, folder / f"{name}.yaml")
    for queue in ("first_line", "pensions"):
        entry = {"entry": "wait", "nodes": {"wait": {"kind": "enqueue", "queue": queue}}}
        yaml.dump(entry, folder / f"{queue}.yaml")


def _write_sounds(folder: Path) -> None:
    (folder / "ru").mkdir(parents=True, exist_ok=True)
    shutil.copytree(PROJECT / "sounds" / "moh", folder / "moh", dirs_exist_ok=True)
    shutil.copy(PROJECT / "sounds" / "manifest.yaml", folder)
    for prompt in (PROJECT / "sounds" / "ru").glob("*.wav"):
        Sound.read(prompt).beginning(PROMPT_LENGTH).write(folder / "ru" / prompt.name)


def add_ways_to_a_message(document: Document, scripts: Path) -> None:
    """
    Add a queue with keys, and a script that takes messages.

    Args:
        document: The configuration.
        scripts: The folder of its scripts.
    """
    first = next(queue for queue in document["queues"] if queue["id"] == "first_line")
    keys = {"1": "callback", "2": "message", "3": {"queue": "pensions"}, "4": {"queue": "open"}}
    lines = dict(first) | {"id": "lines", "title": "Очередь с клавишами", "keys": keys}
    document["queues"] += [lines, dict(first) | {"id": "open", "title": "Другая очередь"}]
    document["numbers"].append({"did": LINES, "script": "lines"})
    document["numbers"].append({"did": EVENING, "script": "evening"})
    (scripts / "lines.yaml").write_text(
        "entry: wait\nnodes: {wait: {kind: enqueue, queue: lines}}\n", encoding="utf-8"
    )
    (scripts / "evening.yaml").write_text(
        "entry: leave\nnodes:\n  leave: {kind: message, otherwise: sorry}\n"
        "  sorry: {kind: goodbye, prompts: [after-hours], outcome: informed_after_hours}\n",
        encoding="utf-8",
    )
