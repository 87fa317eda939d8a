"""
One call through Asterisk and the engine as their container images hold them; `make images` ends so.

What compose.yaml starts is started, in its order: `ekc-prepare`, Asterisk, the engine, the guard.
Then an operator's phone registers and dials «ready», a citizen calls, hears the greeting and the
menu, presses 1, and hears the operator. What the timers do is done once. At last all is stopped,
and the engine's image is asked for its appeals.

    python -m lab.one_call --with buildah --folder FOLDER ASTERISK_IMAGE ENGINE_IMAGE

Exit status: 0 when there is exactly one appeal, and it says `answered`; 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from lab.child import last_words
from lab.hearing import Sound
from lab.images import STATE, ImageFailedError, Images, answer_of, open_images, running_image
from lab.phones.operator import Answer, Offered, Reaction
from lab.phones.stack import phones
from lab.ports import PortBlock
from lab.runtime import PROJECT

SAMPLE: Final = PROJECT / "docker" / "ekc.yaml"
PROMPTS: Final = PROJECT / "sounds" / "ru"
OPERATOR: Final = "ivanova"
NUMBER: Final = "+79990000001"
"""The citizen's, of a range that belongs to nobody."""
START_LIMIT: Final = timedelta(seconds=40)
HEAR_LIMIT: Final = timedelta(seconds=25)
"""The greeting and the menu together last 19 s."""
TALK: Final = timedelta(seconds=3)
TIMERS_SAY: Final = ("Посчитано", "сверено")
"""Of `ekc stats --keep` and of `ekc appeals reconcile`."""
_POLL_S: Final = 0.2


class OneCallError(Exception):
    """The call did not go as it should; the text says what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node that runs from images."""

    images: Images
    asterisk: str
    engine: str
    folder: Path
    ports: PortBlock


def write_config(folder: Path, ports: PortBlock) -> None:
    """Write the containers' `ekc.yaml`, changed to loopback, SQLite, and a service always open."""
    yaml = YAML()
    document: dict[str, Any] = yaml.load(SAMPLE)
    document["asterisk"] |= {
        "sip": {"bind": "127.0.0.1", "port": ports.sip},
        "rtp": {"first": ports.rtp[0], "last": ports.rtp[1]},
        "ari": {"bind": "127.0.0.1", "port": ports.ari},
        "ami": {"bind": "127.0.0.1", "port": ports.ami},
    }
    document["http"] = {"bind": "127.0.0.1", "port": ports.http}
    document["store"] = {}
    document["trunks"][0]["addresses"] = ["127.0.0.2"]
    document["schedules"]["federal"] = document["schedules"]["around_the_clock"]
    yaml.dump(document, folder / "ekc.yaml")
    (folder / "ekc.yaml").chmod(0o644)


@contextmanager
def running_node(node: Node) -> Iterator[None]:
    """
    Run Asterisk, engine and guard until the block is left; healthy when it begins.

    Raises:
        OneCallError: They did not start.
        ImageFailedError: The configuration could not be rendered.
    """
    answer_of(node.images, node.engine, "ekc-prepare")
    logs = {name: node.folder / f"{name}.log" for name in ("asterisk", "engine", "guard")}
    with (
        running_image(node.images, node.asterisk, "ekc-asterisk", log=logs["asterisk"]) as asterisk,
        running_image(node.images, node.engine, "ekc", "serve", log=logs["engine"]) as engine,
        running_image(node.images, node.engine, "ekc", "guard", log=logs["guard"]) as guard,
    ):
        try:
            asyncio.run(_wait_until_healthy(node, (asterisk, engine, guard)))
        except TimeoutError:
            said = "\n".join(f"{name}: {last_words(log)}" for name, log in logs.items())
            raise OneCallError(f"the node did not become healthy:\n{said}") from None
        yield


async def let_one_call_through(node: Node) -> None:
    """
    Call, hear, press, talk.

    Raises:
        OneCallError: Somebody did not hear what he should.
    """
    words = Sound.read(PROMPTS / "goodbye.wav")

    def react(_offered: Offered) -> Reaction:
        return Answer(after=timedelta(milliseconds=500), words=words)

    secrets = json.loads(answer_of(node.images, node.engine, "cat", f"{STATE}/secrets.json"))
    address = ("127.0.0.1", node.ports.sip)
    async with phones(address, folder=node.folder / "heard") as stack:
        operator = await stack.operator(OPERATOR, secrets["operators"][OPERATOR], react=react)
        await operator.register()
        await operator.dial_code("*45")
        caller = await stack.dial("88001000001", number=NUMBER)
        for prompt in ("greeting", "menu-main"):
            if (
                await caller.hear(Sound.read(PROMPTS / f"{prompt}.wav"), patience=HEAR_LIMIT)
                is None
            ):
                raise OneCallError(f"the caller did not hear the prompt {prompt} in {HEAR_LIMIT}")
        await caller.press("1")
        if await caller.hear(words, patience=HEAR_LIMIT) is None:
            raise OneCallError("the caller did not hear the operator")
        await asyncio.sleep(TALK.total_seconds())
        await caller.hang_up()
        await operator.unregister()


def let_timers_work(node: Node) -> None:
    """
    Let what compose.yaml calls `timers` do its work once.

    Raises:
        OneCallError: It did not.
        ImageFailedError: It did not even begin.
    """
    told = answer_of(node.images, node.engine, "ekc-timers", "once")
    if not all(word in told for word in TIMERS_SAY):
        raise OneCallError(f"the timers did not do their work; they said: {told}")


def judge(node: Node) -> str:
    """
    Return the table of appeals when it is as it should be.

    Raises:
        OneCallError: There is not exactly one appeal, or its outcome is another.
    """
    table = answer_of(node.images, node.engine, "ekc", "appeals", "list")
    appeals = json.loads(answer_of(node.images, node.engine, "ekc", "appeals", "list", "--json"))
    outcomes = [appeal["outcome"] for appeal in appeals]
    if outcomes != ["answered"]:
        raise OneCallError(f"found appeals with the outcomes {outcomes}; expected one, answered")
    return table


async def _wait_until_healthy(node: Node, programs: tuple[subprocess.Popen[bytes], ...]) -> None:
    async with asyncio.timeout(START_LIMIT.total_seconds()):
        while not await asyncio.to_thread(_is_healthy, node.ports.http):
            if any(program.poll() is not None for program in programs):
                raise TimeoutError
            await asyncio.sleep(_POLL_S)


def _is_healthy(port: int) -> bool:
    """Tell whether the engine is fit and misses nothing: without a guard it warns."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as page:
            return not json.load(page)["warnings"]
    except (urllib.error.URLError, OSError):
        return False


def _run(options: argparse.Namespace) -> None:
    folder: Path = options.folder.resolve()
    folder.mkdir(parents=True)
    ports = PortBlock.find_free() if options.ports is None else PortBlock(options.ports)
    write_config(folder, ports)
    with open_images(options.tool, folder, (options.asterisk, options.engine)) as images:
        node = Node(
            images=images,
            asterisk=options.asterisk,
            engine=options.engine,
            folder=folder,
            ports=ports,
        )
        with running_node(node):
            asyncio.run(let_one_call_through(node))
            let_timers_work(node)
        print(judge(node), end="")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.one_call", description=__doc__)
    parser.add_argument("--with", dest="tool", choices=("docker", "buildah"), required=True)
    parser.add_argument("--folder", type=Path, required=True, help="a new folder for all it writes")
    parser.add_argument("--ports", type=int, help="where a block of free ports begins")
    parser.add_argument("asterisk", help="the image of Asterisk")
    parser.add_argument("engine", help="the image of the engine")
    # Ended by somebody, we end what we started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        _run(parser.parse_args())
    except (OneCallError, ImageFailedError) as error:
        sys.exit(f"one call: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
