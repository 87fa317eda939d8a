"""
The installation that `make bench-ivr` measures: one menu of two questions, twice.

Once it is a script of the engine, once the same in Asterisk's dialplan (`Background`, `WaitExten`).
Every prompt is a constant level, so that one byte of any packet tells which prompt it belongs to.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Final

import numpy as np

from lab.bench.listening_site import a_law
from lab.bench.site import CALLER_ADDRESS, Ports
from lab.hearing import Sound
from lab.node import Document, write_site
from lab.runtime import PROJECT

_RATE: Final = 8000
_SCRIPT_NAME: Final = "bench"


class IvrTarget(Enum):
    """Who serves the caller."""

    ENGINE = "engine"
    DIALPLAN = "dialplan"

    @property
    def dialled(self) -> str:
        """The number that leads there."""
        return "88009" if self is IvrTarget.ENGINE else "60"


class Heard(Enum):
    """The prompts, in the order in which a caller hears them; the value is the key of each."""

    GREETING = "greeting"
    MENU = "menu-main"
    SECOND_MENU = "menu-silence"
    GOODBYE = "goodbye"


_LEVELS: Final = {
    Heard.GREETING: 2_000,
    Heard.MENU: 4_500,
    Heard.SECOND_MENU: 9_000,
    Heard.GOODBYE: 18_000,
}
_LENGTHS: Final = {
    Heard.GREETING: timedelta(milliseconds=400),
    Heard.MENU: timedelta(seconds=4),
    Heard.SECOND_MENU: timedelta(seconds=4),
    Heard.GOODBYE: timedelta(milliseconds=400),
}


def marks() -> Mapping[int, Heard]:
    """Return the byte of A-law that each prompt consists of."""
    return {
        a_law(np.array([level], dtype=np.float32))[0]: heard for heard, level in _LEVELS.items()
    }


def write_ivr_site(folder: Path, *, ports: Ports) -> Path:
    """Write configuration, script, sounds and the dialplan's menu; return the `ekc.yaml`."""
    _write_sounds(folder / "sounds")
    scripts = folder / "scripts"
    scripts.mkdir(parents=True)
    (scripts / f"{_SCRIPT_NAME}.yaml").write_text(_SCRIPT, encoding="utf-8")
    additions = folder / "asterisk" / "etc" / "site"
    additions.mkdir(parents=True)
    dialplan = _DIALPLAN.format(number=IvrTarget.DIALPLAN.dialled, sounds=folder / "sounds" / "ru")
    (additions / "extensions-bench.conf").write_text(dialplan, encoding="utf-8")

    def change(document: Document) -> None:
        document["scripts"] = str(scripts)
        document["sounds"] = str(folder / "sounds")
        document["trunks"] = [{"name": "city", "addresses": [CALLER_ADDRESS], "codecs": ["alaw"]}]
        document["numbers"] = [{"did": IvrTarget.ENGINE.dialled, "script": _SCRIPT_NAME}]

    return write_site(folder, ports=ports, change=change)


def _write_sounds(folder: Path) -> None:
    shutil.copytree(PROJECT / "sounds", folder)
    for heard, level in _LEVELS.items():
        count = round(_LENGTHS[heard].total_seconds() * _RATE)
        sound = Sound(samples=np.full(count, level, dtype=np.float32), rate=_RATE)
        sound.write(folder / "ru" / f"{heard.value}.wav")


_SCRIPT: Final = """\
entry: greeting
max_keys_to_human: none
max_time_to_human: none
nodes:
  greeting: {kind: play, prompts: [greeting], next: menu}
  menu:
    kind: menu
    prompts: [menu-main]
    keys: {1: second_menu}
    timeout: 5s
    retries: 0
    invalid_prompts: []
    timeout_prompts: []
    exhausted: goodbye
  second_menu:
    kind: menu
    prompts: [menu-silence]
    keys: {2: goodbye}
    timeout: 5s
    retries: 0
    invalid_prompts: []
    timeout_prompts: []
    exhausted: goodbye
  goodbye: {kind: goodbye, prompts: [goodbye], outcome: self_served}
"""
# Answer() waits half a second for sound from the caller; a key's time has nothing to do with that.
_DIALPLAN: Final = """\
[from-trunk](+)
exten => {number},1,Answer()
 same => n,Goto(bench-menu,s,1)
[bench-menu]
exten => s,1,Playback({sounds}/greeting)
 same => n,Background({sounds}/menu-main)
 same => n,WaitExten(5)
exten => 1,1,Goto(bench-second-menu,s,1)
exten => t,1,Hangup()
[bench-second-menu]
exten => s,1,Background({sounds}/menu-silence)
 same => n,WaitExten(5)
exten => 2,1,Playback({sounds}/goodbye)
 same => n,Hangup()
exten => t,1,Hangup()
"""
