"""
One call through Asterisk and the engine as their container images hold them; `make images` ends so.

What compose.yaml starts is started, in its order: `ekc-prepare`, Asterisk, the engine, the guard.
Then an operator's phone registers and dials «ready», a citizen calls, hears the greeting and the
menu, presses 1, and hears the operator.

Citizens also call the number of a script that speaks texts: the first hears the text that
`ekc-prepare` had rendered. Then somebody changes it in the mounted folder of scripts and says
`ekc ivr publish` in the engine's image, and the next one hears the new words: what RHVoice says in
one image is found by Asterisk in the other.

What the timers do is done once. At last all is stopped, and the engine's image is asked for its
appeals.

    python -m lab.one_call --with buildah --folder FOLDER ASTERISK_IMAGE ENGINE_IMAGE

Exit status: 0 when there is exactly one appeal for each call, with its outcome; 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
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
SCRIPTS: Final = PROJECT / "ivr_scripts"
PROMPTS: Final = PROJECT / "sounds" / "ru"
OPERATOR: Final = "ivanova"
NUMBER: Final = "+79990000001"
"""The citizen's, of a range that belongs to nobody."""
START_LIMIT: Final = timedelta(seconds=40)
HEAR_LIMIT: Final = timedelta(seconds=25)
"""The greeting and the menu together last 19 s."""
TALK: Final = timedelta(seconds=3)
SPEAKING: Final = "regional_122"
"""The script that speaks texts at any hour; docker/ekc.yaml shows its number in a comment."""
SPEAKING_DID: Final = "122"
GREETING: Final = "Здравствуйте! Вы позвонили по номеру сто двадцать два."
NEW_GREETING: Final = "Добрый день! Это телефон сто двадцать два."
"""Otherwise from the beginning on, by which what is heard is recognised."""
MENU: Final = "Чтобы записаться к врачу, нажмите один."
OUTCOMES: Final = ("abandoned_in_menu", "abandoned_in_menu", "answered")
"""Of the calls; citizens who have heard the texts hang up in the menu."""
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
    """
    Write the containers' `ekc.yaml`, changed to loopback and SQLite, and the scripts beside it.

    The first script is always open; a second number gets a script that speaks texts. Schedules stay
    as they are, for the scripts' test cases go by them.
    """
    scripts = shutil.copytree(SCRIPTS, folder / "ivr_scripts")
    hotline = (scripts / "hotline.yaml").read_text(encoding="utf-8")
    always_open = hotline.replace("schedule: federal", "schedule: around_the_clock")
    (scripts / "hotline.yaml").write_text(always_open, encoding="utf-8")
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
    document["numbers"].append({"did": SPEAKING_DID, "script": SPEAKING})
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


async def let_texts_be_heard(node: Node) -> None:
    """
    Call the script that speaks texts, change one, publish it, and call again.

    Raises:
        OneCallError: A text was not rendered, not published, or not heard.
        ImageFailedError: `ekc ivr publish` was refused.
    """
    await _hear(node, (GREETING, MENU))
    script = node.folder / "ivr_scripts" / f"{SPEAKING}.yaml"
    before = script.read_text(encoding="utf-8")
    script.write_text(before.replace(GREETING, NEW_GREETING), encoding="utf-8")
    why = ("--why", "one call", "--who", "one call")
    told = answer_of(node.images, node.engine, "ekc", "ivr", "publish", SPEAKING, *why)
    if "Live:" not in told:
        raise OneCallError(f"the engine did not take what was published; it was told: {told}")
    await _hear(node, (NEW_GREETING, MENU))


async def _hear(node: Node, beginnings: Sequence[str]) -> None:
    """Let a citizen call and hear texts, named by their beginnings, one after another."""
    expected = [_rendered(node, each) for each in beginnings]
    async with phones(("127.0.0.1", node.ports.sip), folder=node.folder / "texts") as stack:
        caller = await stack.dial(SPEAKING_DID, number=NUMBER)
        for text, sound in zip(beginnings, expected, strict=True):
            if await caller.hear(sound, patience=HEAR_LIMIT) is None:
                raise OneCallError(f"the caller did not hear {text!r} in {HEAR_LIMIT}")
        await caller.hang_up()


def _rendered(node: Node, beginning: str) -> Sound:
    """Return what the engine's image has made of a text."""
    texts = json.loads(answer_of(node.images, node.engine, "ekc", "sounds", "texts", "--json"))
    found = next((each for each in texts if each["text"].startswith(beginning)), None)
    if found is None or found["heard_from"] != "rendered":
        raise OneCallError(f"the text {beginning!r} was not rendered; found: {found}")
    file = f"{STATE}/sounds/{found['language']}/{found['key']}.wav"
    copy = node.folder / f"{found['key']}.wav"
    copy.write_bytes(base64.b64decode(answer_of(node.images, node.engine, "base64", file)))
    return Sound.read(copy)


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
        OneCallError: There is not exactly one appeal for each call, or an outcome is another.
    """
    table = answer_of(node.images, node.engine, "ekc", "appeals", "list")
    appeals = json.loads(answer_of(node.images, node.engine, "ekc", "appeals", "list", "--json"))
    outcomes = sorted(appeal["outcome"] for appeal in appeals)
    if outcomes != sorted(OUTCOMES):
        raise OneCallError(f"found appeals with the outcomes {outcomes}; expected {OUTCOMES}")
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
            asyncio.run(let_texts_be_heard(node))
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
