"""
A soak of transfers on one real Asterisk: `make soak-transfers`.

Pairs of operators, each pair with a queue of its own, serve callers one after another; every caller
is transferred once, in turn in each of the ways:

    code        `*70` on the second line, blind          keys        `*70…#` in the talk, blind
    hand_over   a consultation, then `*71`                conference  a consultation, then `*73`
    order       the HTTP API, blind                       refer       the Transfer button, blind
    refer_to    the Transfer button after a consultation

Afterwards the store is asked about every caller: which segments his call has, and whether his
transfer is noted. A crash of Asterisk ends a stand; the soak goes on with a new one.

    python -m lab.soak_transfers --rounds 1000 --pairs 6 --ways code keys hand_over conference order

Rule 1: a round that goes wrong is counted with its cause and never repeated.
Rule 2: the report says what was seen, whatever it is; exit status 1 when anything went wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from enum import Enum
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import baresip
from ruamel.yaml import YAML

from ekc_telephony.adapters.asterisk_conf.secrets import load_or_create_secrets
from ekc_telephony.adapters.sql.queries import CallHistory
from ekc_telephony.core.call.facts import CallOutcome, NoteKind
from ekc_telephony.core.call.presence import Activity
from lab.node import Document
from lab.onlooker import told
from lab.phones.line import Line
from lab.phones.operator import Answer, OperatorPhone
from lab.ports import PortBlock
from lab.runtime import Runtime
from lab.stand import Citizen, Stand, running_stand
from lab.story_site import write_story_site
from lab.waiting import NotInTimeError, eventually, happens

PATIENCE: Final = timedelta(seconds=20)
"""For each step of a round, on a machine that is busy."""
MOST_CRASHES: Final = 20
MOST_ROUNDS: Final = 400
"""On one stand: every citizen has a phone of his own, and the SIP stack knows about a thousand."""
_FIRST_NUMBER: Final = 88002000000
_TROUBLES_SHOWN: Final = 30


class Way(Enum):
    """How a caller is transferred."""

    CODE = "code"
    KEYS = "keys"
    ORDER = "order"
    HAND_OVER = "hand_over"
    CONFERENCE = "conference"
    REFER = "refer"
    REFER_TO = "refer_to"


_CONSULTS: Final = frozenset({Way.HAND_OVER, Way.CONFERENCE, Way.REFER_TO})


@dataclass(slots=True)
class Report:
    """What was seen; written as JSON."""

    rounds: int = 0
    transferred: dict[str, int] = field(default_factory=dict)
    """Rounds that went as they should, by their way."""
    asterisk_crashes: int = 0
    rounds_lost_to_crashes: int = 0
    wrong: int = 0
    """Rounds in which a step did not happen in time, without a crash."""
    cut_off: int = 0
    """Callers who were hung up on before they hung up themselves."""
    wrong_segments: int = 0
    """Calls whose record is not what it should be."""
    seconds: float = 0.0
    troubles: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing went wrong."""
        return not (self.asterisk_crashes or self.wrong or self.cut_off or self.wrong_segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two operators and the number that leads to them alone."""

    did: str
    first: str
    second: str

    def other(self, account: str) -> str:
        """Return the other one."""
        return self.second if account == self.first else self.first


def pairs_of(count: int) -> list[Pair]:
    """Return so many pairs."""
    return [Pair(did=str(_FIRST_NUMBER + n), first=f"a{n}", second=f"b{n}") for n in range(count)]


def write_site(folder: Path, pairs: Sequence[Pair]) -> Path:
    """Write a node with a queue for every pair."""

    def change(document: Document) -> None:
        (queue,) = [each for each in document["queues"] if each["id"] == "first_line"]
        for n, pair in enumerate(pairs):
            document["skills"].append({"name": f"s{n}", "title": f"Пара {n}"})
            document["queues"].append(dict(queue, id=f"q{n}", skills={f"s{n}": 1}))
            document["numbers"].append({"did": pair.did, "script": f"q{n}"})
            document["operators"] += [
                {
                    "account": each,
                    "extension": _number(each),
                    "name": each,
                    "line": "first",
                    "skills": {f"s{n}": 5},
                }
                for each in (pair.first, pair.second)
            ]
            entry = {"entry": "wait", "nodes": {"wait": {"kind": "enqueue", "queue": f"q{n}"}}}
            YAML().dump(entry, folder / "scripts" / f"q{n}.yaml")

    return write_story_site(folder, ports=PortBlock.find_free(), change=change)


def _number(account: str) -> str:
    """Return the short number of an operator, which can be typed with keys."""
    return f"{'1' if account.startswith('a') else '2'}{int(account[1:]):02}"


class Soak:
    """
    Rounds on one stand.

    Args:
        stand: The node and its phones.
        ways: The way of every round still to come.
        report: What is seen.
    """

    def __init__(self, stand: Stand, ways: Iterator[Way], report: Report) -> None:
        self._stand = stand
        self._ways = ways
        self._report = report
        self._done: list[tuple[Way, Citizen]] = []
        accounts = [each.account for each in stand.settings.operators]
        self._key = load_or_create_secrets(stand.settings.secrets_file, accounts).api

    @property
    def has_crashed(self) -> bool:
        """Tell whether Asterisk is gone."""
        return not self._stand.asterisk.is_running

    async def run(self, pairs: Sequence[Pair]) -> None:
        """Go on until there are no more rounds or Asterisk is gone, then look at every call."""
        for pair in pairs:
            for account in (pair.first, pair.second):
                await self._stand.on_duty(account, Answer(after=timedelta()))
        async with asyncio.TaskGroup() as tasks:
            for pair in pairs:
                tasks.create_task(self._serve(pair))
        if not self.has_crashed:
            for way, citizen in self._done:
                await self._look_at(way, citizen)

    async def _serve(self, pair: Pair) -> None:
        for way in self._ways:
            self._report.rounds += 1
            try:
                await self._round(pair, way)
            except (NotInTimeError, baresip.BaresipError, TimeoutError, OSError) as trouble:
                if self.has_crashed:
                    self._report.rounds_lost_to_crashes += 1
                    return
                self._report.wrong += 1
                self._tell(f"{way.value} of {pair.first} and {pair.second}: {trouble!r}")
                await self._hang_up_all(pair)
            if self.has_crashed:
                return

    async def _round(self, pair: Pair, way: Way) -> None:
        citizen = await self._stand.call(pair.did)
        sender, line = await self._answered(pair, citizen)
        other = await self._stand.phone(pair.other(sender.account))
        await self._does(other.account, Activity.IDLE)
        other.lines.clear()
        other.offers.clear()
        consultation = await self._consult(line, sender, other) if way in _CONSULTS else None
        await self._transfer(way, line, consultation, sender, to=_number(other.account))
        await self._has_him(other, citizen)
        await happens(line.ended, within=PATIENCE)
        if way is Way.CONFERENCE and consultation is not None:
            await consultation.hang_up()
            await self._does(sender.account, Activity.IDLE)
        await self._does(other.account, Activity.TALKING)
        if citizen.line.ended.is_set():
            self._report.cut_off += 1
            self._tell(f"{way.value}: the caller was hung up on")
        await citizen.line.hang_up()
        self._done.append((way, citizen))
        done = self._report.transferred
        done[way.value] = done.get(way.value, 0) + 1

    async def _transfer(
        self, way: Way, line: Line, consultation: Line | None, sender: OperatorPhone, *, to: str
    ) -> None:
        if way is Way.CODE:
            await line.hold()
            await sender.dial(f"*70{to}")
        elif way is Way.KEYS:
            await line.press(f"*70{to}#")
        elif way is Way.ORDER:
            await self._order(sender.account, to)
        elif way is Way.REFER:
            await line.transfer(to)
        elif consultation is None:
            raise NotInTimeError("nobody is consulted")
        elif way is Way.REFER_TO:
            await line.transfer_to(consultation)
        else:
            await consultation.press("*71" if way is Way.HAND_OVER else "*73")

    async def _answered(self, pair: Pair, citizen: Citizen) -> tuple[OperatorPhone, Line]:
        phones = [await self._stand.phone(each) for each in (pair.first, pair.second)]

        async def look() -> tuple[OperatorPhone, Line] | None:
            for phone in phones:
                for offered, line in zip(phone.offers, phone.lines, strict=False):
                    if offered.number == citizen.number and line.established.is_set():
                        return phone, line
            return None

        return await eventually(look, within=PATIENCE, what="an answer")

    async def _has_him(self, other: OperatorPhone, citizen: Citizen) -> None:
        async def look() -> bool:
            return any(
                each.number == citizen.number and line.established.is_set()
                for each, line in zip(other.offers, other.lines, strict=False)
            )

        await eventually(look, within=PATIENCE, what="the colleague's answer")

    async def _consult(self, line: Line, sender: OperatorPhone, other: OperatorPhone) -> Line:
        await line.hold()
        consultation = await sender.dial(other.account)
        await happens(consultation.established, within=PATIENCE)
        await self._does(other.account, Activity.TALKING)
        return consultation

    async def _does(self, account: str, activity: Activity) -> None:
        await self._stand.until_agent(
            account, lambda agent: agent.activity is activity, within=PATIENCE
        )

    async def _hang_up_all(self, pair: Pair) -> None:
        for account in (pair.first, pair.second):
            phone = await self._stand.phone(account)
            for line in phone.lines:
                if not line.ended.is_set():
                    await line.hang_up()
            await self._does(account, Activity.IDLE)

    async def _order(self, sender: str, other: str) -> None:
        http = self._stand.settings.http
        request = urllib.request.Request(
            f"http://{http.bind}:{http.port}/api/agents/{sender}/transfer",
            data=json.dumps({"mode": "blind", "to": other, "reason": "soak"}).encode(),
            headers={"Authorization": f"Bearer {self._key}"},
        )
        await asyncio.to_thread(_ask, request)

    async def _look_at(self, way: Way, citizen: Citizen) -> None:
        try:
            history = await self._stand.history(citizen.number, within=PATIENCE)
        except (NotInTimeError, AssertionError) as trouble:
            self._report.wrong_segments += 1
            self._tell(f"{way.value}: {trouble!r}")
            return
        if (wrong := _mistake(way, history)) is not None:
            self._report.wrong_segments += 1
            self._tell(f"{way.value}: {wrong}: {told(history)}")

    def _tell(self, trouble: str) -> None:
        if len(self._report.troubles) < _TROUBLES_SHOWN:
            self._report.troubles.append(trouble[:500])
        print(trouble[:500], file=sys.stderr, flush=True)


def _ask(request: urllib.request.Request) -> None:
    with urllib.request.urlopen(request, timeout=PATIENCE.total_seconds()):
        pass


def _mistake(way: Way, history: CallHistory) -> str | None:
    """Return what is wrong with the record of a call; None when nothing is."""
    if history.summary.outcome is not CallOutcome.ANSWERED:
        return f"ended {history.summary.outcome}"
    routed = sum(each.kind is NoteKind.ROUTED for each in history.notes)
    if routed != 1:
        return f"noted {routed} times"
    kinds = Counter(
        (each.kind.value, None if each.outcome is None else each.outcome.value)
        for each in history.segments
    )
    expected = {("talk", "transferred"): 1, ("talk", "caller_hung_up"): 1}
    if way in _CONSULTS:
        ends = "joined" if way is Way.CONFERENCE else "transferred"
        expected["consultation", ends] = 2
    talks = sum(count for (kind, _), count in kinds.items() if kind == "talk")
    wraps = sum(count for (kind, _), count in kinds.items() if kind == "wrap_up")
    lacks = [segment for segment, count in expected.items() if kinds[segment] != count]
    if lacks or talks != 2 or wraps != 2:  # noqa: PLR2004 - two operators
        return f"lacks {lacks}, {talks} talks, {wraps} wrap-ups"
    return None


def soak(ways: Iterator[Way], pairs: Sequence[Pair], report: Report, runtime: Runtime) -> None:
    """Run all rounds, on a new stand after every crash and whenever the phones are used up."""
    began = time.monotonic()
    rest = list(ways)
    while rest and report.asterisk_crashes < MOST_CRASHES:
        batch = iter(rest[:MOST_ROUNDS])
        with tempfile.TemporaryDirectory() as folder:
            site = write_site(Path(folder), pairs)
            with running_stand(site, runtime=runtime) as stand:
                rounds = Soak(stand, batch, report)
                stand.run(rounds.run(pairs))
                report.asterisk_crashes += rounds.has_crashed
        rest = [*batch, *rest[MOST_ROUNDS:]]
    report.seconds = round(time.monotonic() - began, 1)


def main() -> int:
    """Run as a program; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--ways", nargs="+", default=[each.value for each in Way][:5])
    parser.add_argument("--report", type=Path)
    asked = parser.parse_args()
    runtime = Runtime.find()
    report = Report()
    ways = islice(cycle([Way(each) for each in asked.ways]), asked.rounds)
    soak(ways, pairs_of(asked.pairs), report, runtime)
    path = asked.report or runtime.reports / "transfers.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(report), ensure_ascii=False, indent=1) + "\n")
    print(path.read_text())
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
