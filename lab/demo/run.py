"""
Runs the demo from the first process to the report.

Rule 1: everything that is started is left by its `with` block, on Ctrl-C and SIGTERM too; what
would outlive us all the same is killed by the kernel (see `lab.asterisk`).
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from rich.console import Console

from ekc_telephony.adapters.asterisk_conf.conf import InstallationIncompleteError
from ekc_telephony.adapters.asterisk_conf.folder import FolderUnusableError
from ekc_telephony.adapters.speech.engine import SpeechError
from ekc_telephony.core.call.presence import Activity
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.models import Settings
from lab.asterisk import AsteriskFailedError
from lab.demo.calls import Act, Cue
from lab.demo.office import Office
from lab.demo.plan import make_plan
from lab.demo.prompts import Prompts
from lab.demo.proofs import ProofError, Proofs, prove
from lab.demo.report import as_json, recordings_of_callers, tell
from lab.demo.screen import Screen, read_wallboard
from lab.demo.script_calls import BORIS, REFUSED
from lab.demo.site import (
    CHANGES,
    CLOSED_NUMBER,
    FEDERAL_NUMBER,
    OPEN_NUMBER,
    REGIONAL_NUMBER,
    SOFTPHONE,
    add_softphone,
    write_demo_site,
)
from lab.demo.speaking import speak_aloud
from lab.demo.stage import PlayedCall, Stage
from lab.demo.verdict import Verdict, judge
from lab.information_systems.server import InformationSystems, running_information_systems
from lab.node import NodeFailedError, RunningNode, running_node
from lab.phones.stack import PhoneStack, phones
from lab.ports import PortBlock
from lab.runtime import Runtime, RuntimeMissingError

_PLAIN_WIDTH: Final = 170
"""Where there is no terminal whose width could be asked."""
_INTERRUPTED: Final = 130
_QUIET_LIMIT: Final = timedelta(seconds=10)
_FAILURES: Final = (
    AsteriskFailedError,
    FolderUnusableError,
    InstallationIncompleteError,
    NodeFailedError,
    RuntimeMissingError,
    SettingsError,
    SpeechError,
)


_TO_TRY: Final = {
    OPEN_NUMBER: ("the hotline",),
    CLOSED_NUMBER: ("the hotline after hours",),
    FEDERAL_NUMBER: (
        f"the federal line: 1 for application {REFUSED[0]} (date: {REFUSED[1]}), 3 for offices,",
        f"0 for an operator, whom you rate, 2 and 3 for the second line with СНИЛС {BORIS}",
    ),
    REGIONAL_NUMBER: (
        "the regional line: 1 and 1 for a doctor's appointment, 2 for a doctor at home, both with",
        f"СНИЛС {BORIS}, 3 for vaccination, 4 and 2 for a survey",
    ),
}
"""Number → what can be tried there; people are those of lab/information_systems/people.yaml."""


class DemoRunsError(Exception):
    """A demo runs in this clone already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What one run of the demo is made of."""

    folder: Path
    console: Console
    runtime: Runtime
    password: str
    """Of the softphone's account."""
    stays: bool
    """Whether everything stays up afterwards."""

    @property
    def sounds(self) -> Path:
        return self.folder / "phones"


def main() -> int:
    """Run the demo and return the exit code."""
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    # `kill` ends us as Ctrl-C does: by leaving every `with` block.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return _demo(console)
    except (*_FAILURES, DemoRunsError) as error:
        console.print(str(error), style="red", highlight=False, markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; everything is stopped.")
        return _INTERRUPTED


def _demo(console: Console) -> int:
    runtime = Runtime.find()
    folder = runtime.folder / "demo"
    with _alone(runtime.folder / "demo.lock"):
        shutil.rmtree(folder, ignore_errors=True)
        scene = _Scene(
            folder=folder,
            console=console,
            runtime=runtime,
            password=secrets.token_urlsafe(12),
            stays=bool(os.environ.get("KEEP")),
        )
        console.print(CHANGES, highlight=False)

        def prepare(settings: Settings) -> None:
            add_softphone(settings, scene.password)
            speak_aloud(settings, console)

        with running_information_systems() as systems:
            ports = PortBlock.find_free()
            config = write_demo_site(folder, ports=ports, url_of=systems.url_of)
            with running_node(config, runtime=runtime, prepare=prepare) as node:
                console.print(_greeting(node), highlight=False)
                return asyncio.run(_perform(node, systems, scene))


async def _perform(node: RunningNode, systems: InformationSystems, scene: _Scene) -> int:
    began = time.monotonic()
    plan = make_plan()
    screen = Screen(scene.console)
    async with phones(node.sip, folder=scene.sounds) as stack:
        office = Office(node, plan, tell=screen.tell)
        stage = Stage(stack, plan, prompts=Prompts(node.settings), tell=screen.tell)
        played = await _play(stack, office, stage, screen=screen, node=node)
        verdict = await judge(played, office.confirmations, node=node, systems=systems)
        try:
            proofs = await prove(node)
        except ProofError as error:
            scene.console.print(str(error), style="red", highlight=False, markup=False)
            return 1
        lasted = timedelta(seconds=time.monotonic() - began)
        _report(verdict, proofs, scene, node=node, lasted=lasted)
        if scene.stays:
            scene.console.print(_invitation(node, scene), highlight=False, soft_wrap=True)
            await _told_to_stop()
        await office.close()
    return 0 if verdict.is_good and proofs.is_good else 1


async def _play(
    stack: PhoneStack, office: Office, stage: Stage, *, screen: Screen, node: RunningNode
) -> list[PlayedCall]:
    with screen.shown():
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(screen.watch(node.url))
            storm = tasks.create_task(stage.play(Act.STORM))
            await office.open(stack)
            await stage.until(Cue.HOUSE_IS_EMPTY)
            tasks.create_task(office.come_from_lunch())
            played = await stage.play(Act.DAY) + await storm
            await _quiet(node)
            watching.cancel()
    return played


async def _told_to_stop() -> None:
    """Wait for Ctrl-C or SIGTERM, which is the ordinary end of a demo that stays up."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    await stop.wait()


async def _quiet(node: RunningNode) -> None:
    """Wait until no call is left and every wrap-up is over."""
    give_up_at = time.monotonic() + _QUIET_LIMIT.total_seconds()
    while time.monotonic() < give_up_at:
        board = await read_wallboard(node.url)
        if board is not None and not board.calls:
            busy = {Activity.TALKING, Activity.WRAP_UP, Activity.RESERVED}
            if not any(agent.activity in busy for agent in board.agents):
                return
        await asyncio.sleep(0.25)


def _report(
    verdict: Verdict, proofs: Proofs, scene: _Scene, *, node: RunningNode, lasted: timedelta
) -> None:
    tell(verdict, scene.console, settings=node.settings)
    scene.console.print(recordings_of_callers(scene.sounds), highlight=False, soft_wrap=True)
    scene.console.print(proofs.in_words(), highlight=False, soft_wrap=True)
    content = as_json(verdict, proofs, settings=node.settings, lasted=lasted)
    path = scene.runtime.reports / "demo.json"
    text = json.dumps(content, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    style, word = ("green", "GOOD") if content["is_good"] else ("red", "NOT GOOD")
    scene.console.print(
        f"{word}: {content['calls']} calls, {content['appeals']} appeals, {verdict.lost} lost, "
        f"{verdict.duplicated} duplicated, {verdict.mismatches} with a wrong outcome, in "
        f"{lasted.total_seconds():.0f} s. Report: {path}",
        style=style,
        highlight=False,
        soft_wrap=True,
    )


def _greeting(node: RunningNode) -> str:
    host, port = node.sip
    operators = len(node.settings.operators)
    return f"Asterisk and the engine are up at {host}:{port}. {operators} operators sign in …"


def _invitation(node: RunningNode, scene: _Scene) -> str:
    host, port = node.sip
    account = node.settings.operators[0].account
    ready = node.settings.feature_codes.ready
    numbers = "\n".join(
        f"    {'' if at else did:<12} {line}"
        for did, lines in _TO_TRY.items()
        for at, line in enumerate(lines)
    )
    return f"""
KEEP=1: everything stays up; operators go on answering. Stop it with Ctrl-C, or: kill {os.getpid()}
Call it with a softphone on this machine: SIP over UDP, G.711, server {host}:{port}.
  as a citizen:   account {SOFTPHONE}, password {scene.password}; dial
{numbers}
  as an operator: account {account}, password in {node.settings.secrets_file};
                  dial {ready} for «ready»; yours takes the place of the demo's phone
Wallboard: .venv/bin/ekc wallboard --config {node.config}
Appeals:   .venv/bin/ekc appeals list --config {node.config}"""


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of this clone's demo; the kernel lets go of it when we die."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoRunsError(
                f"{path}: found a demo running in this clone; expected none. Stop it first."
            ) from None
        yield
