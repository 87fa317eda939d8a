"""
The same stories through app_queue and through the engine leave the same queue_log.

One Asterisk serves both: numbers of its own lead into a queue of app_queue, which writes into a
file of its own, with the same citizens and the same operators' phones.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import pytest
import sqlalchemy as sa

from ekc_telephony.adapters.sql.connection import open_for_reading
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.settings.models import Settings
from lab.node import Document
from lab.phones.operator import Answer, Ignore, OperatorPhone, Reaction, Refuse
from lab.ports import PortBlock
from lab.stand import Citizen, Stand, reacting, running_stand
from lab.story_site import FIRST_LINE, PENSIONS, write_story_site
from lab.waiting import eventually, happens

AT_ONCE = timedelta()
BRIEF: Final = "88001000005"
"""Into a queue of the engine that is left by the key 1, and after 8 s."""
REFERENCE: Final = "88009990001"
CALM: Final = "88009990002"
EMPTY: Final = "88009990003"
LEFT: Final = "88009990004"
"""As the engine's `BRIEF`."""
BACK_TO_THE_QUEUE: Final = "7003"
COLLEAGUE: Final = "7004"
QUEUES: Final = """
[reference]
strategy = linear
timeout = 5
retry = 1
ringinuse = no
wrapuptime = 1
autopause = all

; Nobody is paused for a refusal, and the phone that rings next has its full time.
[calm](reference)
autopause = no
timeoutrestart = yes

[left](reference)
context = reference-exit

[empty]
leavewhenempty = paused,penalty,invalid,unavailable,unknown
joinempty = yes
"""
DIALPLAN: Final = f"""
[from-trunk](+)
exten => {REFERENCE},1,Goto(reference-queue,reference,1)
exten => {CALM},1,Goto(reference-queue,calm,1)
exten => {EMPTY},1,Goto(reference-queue,empty,1)
exten => {LEFT},1,Goto(reference-queue,left,1)
[reference-queue]
exten => _[a-z]!,1,Answer()
 same => n,QueueLog(${{EXTEN}},${{UNIQUEID}},NONE,DID,number)
 same => n,Queue(${{EXTEN}},b(reference-phone^s^1),,,${{IF($["${{EXTEN}}" = "left"]?8)}})
 same => n,Hangup()
; Asterisk itself transfers here, as everywhere where app_queue is used.
[reference-phone]
exten => s,1,Set(PJSIP_TRANSFER_HANDLING()=core)
 same => n,Return()
[reference-exit]
exten => 1,1,Hangup()
[from-operators](+)
exten => 7001,1,PauseQueueMember(,PJSIP/${{CHANNEL(endpoint)}},,lunch)
 same => n,Hangup()
exten => 7002,1,UnpauseQueueMember(,PJSIP/${{CHANNEL(endpoint)}})
 same => n,Hangup()
exten => {BACK_TO_THE_QUEUE},1,Goto(reference-queue,reference,1)
exten => {COLLEAGUE},1,Dial(PJSIP/petrov)
"""
RING_TIME: Final = timedelta(seconds=5)
"""In both; who answers after a second does so in time on a busy machine as well."""
FALLBACK: Final = "ekc-fallback"
"""The operators are members of that queue as well; the engine has no such thing."""


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node that writes its queue_log, with an app_queue beside it that writes another."""
    folder = tmp_path_factory.mktemp("queue-log")

    def change(document: Document) -> None:
        document["queue_log"] = {"file": True, "table": True}
        add_brief_queue(document, folder / "scripts")

    config = write_story_site(
        folder, ports=PortBlock.find_free(), change=change, ring_time=RING_TIME
    )
    with running_stand(config, prepare=let_app_queue_work) as stand:
        yield stand


def add_brief_queue(document: Document, scripts: Path) -> None:
    """Add a queue that callers leave by a key, and when they have waited for long."""
    first = next(queue for queue in document["queues"] if queue["id"] == "first_line")
    document["queues"].append(
        dict(first)
        | {"id": "brief", "title": "Короткая", "keys": {"1": "callback"}}
        | {"overflow": [{"when": "waited", "after": "8s", "to": "pensions"}]}
    )
    document["numbers"].append({"did": BRIEF, "script": "brief"})
    (scripts / "brief.yaml").write_text(
        "entry: wait\nnodes: {wait: {kind: enqueue, queue: brief}}\n", encoding="utf-8"
    )


def let_app_queue_work(settings: Settings) -> None:
    etc = settings.asterisk_folder / "etc"
    (etc / "site" / "queues-reference.conf").write_text(QUEUES, encoding="utf-8")
    (etc / "site" / "extensions-reference.conf").write_text(DIALPLAN, encoding="utf-8")
    # An operator who asks a colleague dials him.
    (etc / "site" / "modules-reference.conf").write_text("load = app_dial.so\n", encoding="utf-8")
    logger = etc / "logger.conf"
    written = logger.read_text(encoding="utf-8")
    asked = "queue_log = yes\nqueue_log_name = reference_log"
    logger.write_text(written.replace("queue_log = no", asked), encoding="utf-8")


# --- the two houses


class House(Protocol):
    """Somewhere citizens call, who wait for operators."""

    log: Path
    queue: str
    start: int
    """Where a story begins in the log, in bytes."""

    async def sign_in(self, account: str, reaction: Reaction) -> None: ...
    async def pause(self, account: str) -> None: ...
    async def unpause(self, account: str) -> None: ...
    async def sign_out(self, account: str) -> None: ...
    async def call(self) -> Citizen: ...
    async def phone(self, account: str) -> OperatorPhone: ...

    @property
    def number_of_the_queue(self) -> str:
        """What an operator dials who sends a caller back to it."""
        ...

    @property
    def number_of_petrov(self) -> str:
        """What an operator dials who asks him."""
        ...


class Engine:
    """Our engine."""

    number_of_petrov = "petrov"

    def __init__(self, stand: Stand, number: str = FIRST_LINE, queue: str = "first_line") -> None:
        self._stand, self._number, self.queue = stand, number, queue
        self.log, self.start = stand.settings.queue_log_file, 0

    async def sign_in(self, account: str, reaction: Reaction) -> None:
        await self._stand.on_duty(account, reaction)

    async def pause(self, account: str) -> None:
        phone = await self._stand.phone(account)
        await self._stand.declare(phone, "*462")
        await self._stand.until_agent(account, lambda each: each.presence is Presence.NOT_READY)

    async def unpause(self, account: str) -> None:
        phone = await self._stand.phone(account)
        await self._stand.declare(phone, "*45")
        await self._stand.until_agent(account, lambda each: each.presence is Presence.READY)

    async def sign_out(self, account: str) -> None:
        await self._stand.off_duty(account)

    async def call(self) -> Citizen:
        return await self._stand.call(self._number)

    async def phone(self, account: str) -> OperatorPhone:
        return await self._stand.phone(account)

    @property
    def number_of_the_queue(self) -> str:
        return self.queue


class AppQueue:
    """Asterisk's own queue."""

    number_of_the_queue = BACK_TO_THE_QUEUE
    number_of_petrov = COLLEAGUE

    def __init__(self, stand: Stand, number: str = REFERENCE, queue: str = "reference") -> None:
        self._stand, self._number, self.queue = stand, number, queue
        self.log, self.start = stand.settings.asterisk_folder / "log" / "reference_log", 0

    async def sign_in(self, account: str, reaction: Reaction) -> None:
        phone = await self._stand.phone(account)
        phone.react = reacting(reaction)
        self._stand.asterisk.command(f"queue add member PJSIP/{account} to {self.queue}")

        async def may_be_rung() -> bool:
            shown = self._stand.asterisk.command(f"queue show {self.queue}").splitlines()
            return any(f"PJSIP/{account}" in each and "Not in use" in each for each in shown)

        # He may hang up of the story before just now; app_queue would pass him over.
        await eventually(may_be_rung, what=f"that app_queue takes {account} for free")

    async def pause(self, account: str) -> None:
        line = await (await self._stand.phone(account)).dial("7001")
        await happens(line.ended)

    async def unpause(self, account: str) -> None:
        line = await (await self._stand.phone(account)).dial("7002")
        await happens(line.ended)

    async def sign_out(self, account: str) -> None:
        self._stand.asterisk.command(f"queue remove member PJSIP/{account} from {self.queue}")
        # In the fallback's queue he stays paused otherwise.
        self._stand.asterisk.command(f"queue unpause member PJSIP/{account} queue {FALLBACK}")

    async def call(self) -> Citizen:
        return await self._stand.call(self._number)

    async def phone(self, account: str) -> OperatorPhone:
        return await self._stand.phone(account)


# --- what they wrote


@dataclass(frozen=True, slots=True)
class Line:
    """A line, as far as it can be compared."""

    at: int = field(compare=False)
    """In seconds since 1970."""
    call: str
    queue: str
    agent: str
    event: str
    fields: tuple[str, ...]


_LEG: Final = re.compile(r"ekc-\d+\.\d+(-offer-\d+)?")
_MANAGEMENT: Final = {"CLI", "MANAGER"}
_TRANSFERS: Final = {"BLINDTRANSFER", "ATTENDEDTRANSFER"}


class Lasts(Enum):
    """What a duration counts."""

    WAITING = "from ENTERQUEUE to CONNECT, or to its own line, in seconds"
    TALK = "from CONNECT to its own line, in seconds"
    RING_S = "how long the phone rang that was picked up, in seconds"
    RING_MS = "how long the phone rang that was not, in milliseconds"


_DURATIONS: Final[Mapping[str, Mapping[int, Lasts]]] = {
    "ABANDON": {2: Lasts.WAITING},
    "ATTENDEDTRANSFER": {2: Lasts.WAITING, 3: Lasts.TALK},
    "BLINDTRANSFER": {2: Lasts.WAITING, 3: Lasts.TALK},
    "COMPLETEAGENT": {0: Lasts.WAITING, 1: Lasts.TALK},
    "COMPLETECALLER": {0: Lasts.WAITING, 1: Lasts.TALK},
    "CONNECT": {0: Lasts.WAITING, 2: Lasts.RING_S},
    "EXITEMPTY": {2: Lasts.WAITING},
    "EXITWITHKEY": {3: Lasts.WAITING},
    "EXITWITHTIMEOUT": {2: Lasts.WAITING},
    "RINGCANCELED": {0: Lasts.RING_MS},
    "RINGNOANSWER": {0: Lasts.RING_MS},
}
"""Which fields are durations."""
_ROUNDED_S: Final = 1
"""How far a duration may be from what the moments of its lines say."""
_SHORTEST_RING_S: Final = 1
"""Nobody here reacts to a ringing phone sooner, when it is counted how long it rings."""


def lines_of(text: str, house: House) -> list[Line]:
    lines: list[Line] = []
    calls: dict[str, str] = {}
    for written in text.splitlines():
        epoch, call, queue, agent, event, *fields = written.split("|")
        assert epoch.isdigit()
        if queue not in {house.queue, "NONE"} or event == "QUEUESTART":
            continue
        if call in _MANAGEMENT:
            call = "management"
        elif call != "NONE":
            if call not in calls and event != "DID":
                continue  # the last words of a story before
            call = calls.setdefault(call, f"call {len(calls) + 1}")
        fields = comparable(event, fields, house)
        queue = "the queue" if queue == house.queue else queue
        lines.append(Line(int(epoch), call, queue, agent, event, tuple(fields)))
    return lines


def comparable(event: str, fields: list[str], house: House) -> list[str]:
    """Return the fields with words for what differs from one call or house to the other."""
    match event:
        case "ENTERQUEUE":
            fields[1] = re.sub(r"\+\d+", "a citizen's number", fields[1])
        case "CONNECT":
            assert _LEG.fullmatch(fields[1])
            fields[1] = "the operator's leg"
        case "BLINDTRANSFER":
            assert fields[0] == house.number_of_the_queue
            fields[0] = "what the operator dialled"
        case "ATTENDEDTRANSFER":
            assert fields[1]
            fields[1] = "a bridge"
        case "DID":
            return ["what he dialled"]
        case _:
            pass
    return fields


def check_alike(ours: list[Line], theirs: list[Line]) -> None:
    """
    Compare event by event and field by field.

    How long something took is the machine's affair, and differs from one house to the other; in
    both the durations must be what the moments of the lines say.
    """
    check_durations(ours)
    check_durations(theirs)
    ours, theirs = transfers_last(ours), transfers_last(theirs)
    assert [without_durations(each) for each in ours] == [
        without_durations(each) for each in theirs
    ]


def check_durations(lines: list[Line]) -> None:
    """Compare each duration with the moments of the lines before it."""
    for number, line in enumerate(lines):
        # The thread that writes a transfer may come after the line of the next queue.
        known = lines if line.event in _TRANSFERS else lines[: number + 1]
        for place, lasts in _DURATIONS.get(line.event, {}).items():
            least, most = bounds(lasts, line, known)
            found = int(line.fields[place])
            assert least - _ROUNDED_S <= found <= most + _ROUNDED_S, (lasts, line, lines)


def bounds(lasts: Lasts, line: Line, known: list[Line]) -> tuple[int, int]:
    """Return between what a duration must be."""
    moments = {"ENTERQUEUE": line.at, "CONNECT": line.at}
    for each in known if line.event not in _TRANSFERS else reversed(known):
        if each.call == line.call and each.event in moments:
            moments[each.event] = each.at
    waiting, talk = moments["CONNECT"] - moments["ENTERQUEUE"], line.at - moments["CONNECT"]
    match lasts:
        case Lasts.WAITING:
            return waiting, waiting
        case Lasts.TALK:
            return talk, talk
        case Lasts.RING_S:
            return 0, waiting
        case Lasts.RING_MS:
            return 1000 * _SHORTEST_RING_S, 1000 * (waiting + _ROUNDED_S)


def transfers_last(lines: list[Line]) -> list[Line]:
    """Return the lines as app_queue may write them: a thread of its own writes a transfer."""
    return sorted(lines, key=lambda each: each.event in _TRANSFERS)


def without_durations(line: Line) -> Line:
    durations = _DURATIONS.get(line.event, {})
    fields = tuple(
        "a duration" if number in durations else field for number, field in enumerate(line.fields)
    )
    return Line(line.at, line.call, line.queue, line.agent, line.event, fields)


Story: TypeAlias = Callable[[House], Awaitable[str]]
"""What people do; returns the event after which nothing more is written."""


async def written(house: House, story: Story) -> list[Line]:
    """Play a story and return the lines it left."""
    house.start = house.log.stat().st_size if house.log.exists() else 0
    return await until_written(house, await story(house))


async def until_written(house: House, event: str) -> list[Line]:
    """Wait until an event is written, or so many: «ABANDON x2»; return the story's lines by now."""
    name, _, times = event.partition(" x")

    async def look() -> list[Line] | None:
        text = house.log.read_bytes()[house.start :].decode() if house.log.exists() else ""
        lines = lines_of(text[: text.rfind("\n") + 1], house)
        return lines if events(lines).count(name) >= int(times or 1) else None

    return await eventually(look, what=f"{event} in {house.log}")


async def alike(stand: Stand, story: Story, ours: House, theirs: House) -> list[Line]:
    """Play a story in both houses, compare what they wrote, and return what we wrote."""
    their_lines = await written(theirs, story)
    for line in stand._lines:
        await line.hang_up()
    our_lines = await written(ours, story)
    check_alike(our_lines, their_lines)
    return our_lines


def events(lines: list[Line]) -> list[str]:
    return [line.event for line in lines]


# --- stories


async def the_operator_hangs_up(house: House) -> str:
    talk = Answer(after=timedelta(seconds=1.2), talk=timedelta(seconds=2.2))
    await house.sign_in("ivanova", talk)
    citizen = await house.call()
    await happens(citizen.line.ended)
    await until_written(house, "COMPLETEAGENT")
    await house.sign_out("ivanova")
    return "REMOVEMEMBER"


async def the_citizen_hangs_up(house: House) -> str:
    await house.sign_in("ivanova", Answer(after=AT_ONCE))
    citizen = await house.call()
    await until_written(house, "CONNECT")
    await after(2.2)
    await citizen.line.hang_up()
    await until_written(house, "COMPLETECALLER")
    await house.sign_out("ivanova")
    return "REMOVEMEMBER"


async def he_gives_up_while_a_phone_rings(house: House) -> str:
    await house.sign_in("ivanova", Ignore())
    ivanova = await house.phone("ivanova")
    rung = len(ivanova.offers)
    citizen = await house.call()
    await eventually(lambda: has_rung(ivanova, rung + 1), what="that Ivanova's phone rings")
    await after(1.7)
    await citizen.line.hang_up()
    await until_written(house, "ABANDON")
    await house.sign_out("ivanova")
    return "REMOVEMEMBER"


async def two_give_up_the_first_one_first(house: House) -> str:
    first = await house.call()
    await until_written(house, "ENTERQUEUE")
    await after(1.2)
    second = await house.call()
    await until_written(house, "ENTERQUEUE x2")
    await after(0.7)
    await first.line.hang_up()
    await until_written(house, "ABANDON")
    await after(1.2)
    await second.line.hang_up()
    return "ABANDON x2"


async def one_lets_it_ring_and_the_other_answers(house: House) -> str:
    await house.sign_in("ivanova", Ignore())
    await house.sign_in("petrov", Answer(after=timedelta(seconds=1.2), talk=timedelta(seconds=1.2)))
    citizen = await house.call()
    await happens(citizen.line.ended)
    await until_written(house, "COMPLETEAGENT")
    await house.sign_out("ivanova")
    await house.sign_out("petrov")
    return "REMOVEMEMBER x2"


async def one_refuses_and_the_other_answers(house: House) -> str:
    await house.sign_in("ivanova", Refuse(after=timedelta(seconds=1.2)))
    await house.sign_in("petrov", Answer(after=timedelta(seconds=1.2), talk=timedelta(seconds=1)))
    citizen = await house.call()
    await happens(citizen.line.ended)
    await until_written(house, "COMPLETEAGENT")
    await house.sign_out("ivanova")
    await house.sign_out("petrov")
    return "REMOVEMEMBER x2"


async def an_operator_has_lunch(house: House) -> str:
    await house.sign_in("ivanova", Ignore())
    await house.pause("ivanova")
    await until_written(house, "PAUSE")
    await house.unpause("ivanova")
    await until_written(house, "UNPAUSE")
    await house.pause("ivanova")
    await until_written(house, "PAUSE x2")
    await house.sign_out("ivanova")
    return "REMOVEMEMBER"


async def the_operator_sends_him_back_to_the_queue(house: House) -> str:
    await house.sign_in("ivanova", Answer(after=AT_ONCE))
    citizen = await house.call()
    ivanova, petrov = await house.phone("ivanova"), await house.phone("petrov")
    await eventually(lambda: answered_by(ivanova), what="Ivanova has picked up")
    await after(1.2)
    await house.sign_in("petrov", Answer(after=AT_ONCE))
    await ivanova.lines[-1].transfer(house.number_of_the_queue)
    await eventually(lambda: answered_by(petrov), what="Petrov has picked up")
    await until_written(house, "CONNECT x2")
    await after(1.2)
    await citizen.line.hang_up()
    await until_written(house, "COMPLETECALLER")
    await house.sign_out("ivanova")
    await house.sign_out("petrov")
    return "REMOVEMEMBER x2"


async def the_operator_asks_a_colleague_and_hands_him_over(house: House) -> str:
    await house.sign_in("ivanova", Answer(after=AT_ONCE))
    citizen = await house.call()
    ivanova, petrov = await house.phone("ivanova"), await house.phone("petrov")
    await eventually(lambda: answered_by(ivanova), what="Ivanova has picked up")
    await house.sign_in("petrov", Answer(after=AT_ONCE))
    first = ivanova.lines[-1]
    await first.hold()
    consultation = await ivanova.dial(house.number_of_petrov)
    await happens(consultation.established)
    await eventually(lambda: answered_by(petrov), what="Petrov has picked up")
    await after(1.2)
    await first.transfer_to(consultation)
    await happens(first.ended)
    await until_written(house, "ATTENDEDTRANSFER")
    await after(1.2)
    await citizen.line.hang_up()
    await house.sign_out("ivanova")
    await house.sign_out("petrov")
    return "REMOVEMEMBER x2"


async def has_rung(phone: OperatorPhone, times: int) -> bool:
    """Tell whether a phone has rung so often."""
    return len(phone.offers) >= times


async def answered_by(phone: OperatorPhone) -> bool | None:
    """Tell whether the last call to a phone goes on; None when it does not yet."""
    line = phone.lines[-1] if phone.lines else None
    is_there = line is not None and line.established.is_set() and not line.ended.is_set()
    return True if is_there else None


async def nobody_is_there(house: House) -> str:
    await house.call()
    return "EXITEMPTY"


async def he_presses_the_key(house: House) -> str:
    citizen = await house.call()
    await until_written(house, "ENTERQUEUE")
    await after(1.2)
    await citizen.line.press("1")
    return "EXITWITHKEY"


async def he_has_waited_for_too_long(house: House) -> str:
    await house.call()
    return "EXITWITHTIMEOUT"


async def after(seconds: float) -> None:
    """Let people be as slow as they are."""
    await asyncio.sleep(seconds)


_WHOLE: Final = ["ADDMEMBER", "DID", "ENTERQUEUE", "CONNECT"]


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (the_operator_hangs_up, [*_WHOLE, "COMPLETEAGENT", "REMOVEMEMBER"]),
        (the_citizen_hangs_up, [*_WHOLE, "COMPLETECALLER", "REMOVEMEMBER"]),
        (
            he_gives_up_while_a_phone_rings,
            ["ADDMEMBER", "DID", "ENTERQUEUE", "RINGCANCELED", "ABANDON", "REMOVEMEMBER"],
        ),
        (
            two_give_up_the_first_one_first,
            ["DID", "ENTERQUEUE", "DID", "ENTERQUEUE", "ABANDON", "ABANDON"],
        ),
        (
            one_lets_it_ring_and_the_other_answers,
            [
                *["ADDMEMBER", "ADDMEMBER", "DID", "ENTERQUEUE"],
                *["RINGNOANSWER", "PAUSEALL", "PAUSE"],
                *["CONNECT", "COMPLETEAGENT", "REMOVEMEMBER", "REMOVEMEMBER"],
            ],
        ),
        (
            an_operator_has_lunch,
            [
                *["ADDMEMBER", "PAUSEALL", "PAUSE", "UNPAUSEALL", "UNPAUSE"],
                *["PAUSEALL", "PAUSE", "REMOVEMEMBER"],
            ],
        ),
        (
            the_operator_sends_him_back_to_the_queue,
            [
                *[*_WHOLE, "ADDMEMBER", "BLINDTRANSFER"],
                *[*_WHOLE[1:], "COMPLETECALLER", "REMOVEMEMBER", "REMOVEMEMBER"],
            ],
        ),
        (
            the_operator_asks_a_colleague_and_hands_him_over,
            [*_WHOLE, "ADDMEMBER", "ATTENDEDTRANSFER", "REMOVEMEMBER", "REMOVEMEMBER"],
        ),
    ],
)
async def test_what_app_queue_writes_the_engine_writes(
    stand: Stand, story: Story, expected: list[str]
) -> None:
    lines = await alike(stand, story, Engine(stand), AppQueue(stand))
    assert events(lines) == expected


async def test_a_refusal_is_a_ring_without_answer_and_pauses_nobody(stand: Stand) -> None:
    theirs = AppQueue(stand, CALM, "calm")
    lines = await alike(stand, one_refuses_and_the_other_answers, Engine(stand), theirs)
    assert events(lines)[4:6] == ["RINGNOANSWER", "CONNECT"]


async def test_who_is_told_that_nobody_works_leaves_an_empty_queue(stand: Stand) -> None:
    ours, theirs = Engine(stand, PENSIONS, "pensions"), AppQueue(stand, EMPTY, "empty")
    lines = await alike(stand, nobody_is_there, ours, theirs)
    assert events(lines) == ["DID", "ENTERQUEUE", "EXITEMPTY"]


@pytest.mark.parametrize(
    ("story", "event"),
    [(he_presses_the_key, "EXITWITHKEY"), (he_has_waited_for_too_long, "EXITWITHTIMEOUT")],
)
async def test_who_leaves_a_queue_without_an_answer_says_how(
    stand: Stand, story: Story, event: str
) -> None:
    ours, theirs = Engine(stand, BRIEF, "brief"), AppQueue(stand, LEFT, "left")
    lines = await alike(stand, story, ours, theirs)
    assert events(lines) == ["DID", "ENTERQUEUE", event]


# --- restarts and rotation


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


async def text_with(path: Path, wanted: str, *, start: int = 0) -> str:
    """Wait until a text is in a file behind a place, and return all that is behind it."""

    async def look() -> str | None:
        text = text_of(path)[start:]
        return text if wanted in text else None

    return await eventually(look, what=f"{wanted} in {path}")


async def test_a_killed_engine_neither_loses_nor_doubles_a_line(stand: Stand) -> None:
    log = stand.settings.queue_log_file
    start = len(text_of(log))
    await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    talking = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    first = await stand.call(FIRST_LINE)
    await stand.until_waiting(1, queue="first_line")
    second = await stand.call(FIRST_LINE)
    await stand.until_waiting(2, queue="first_line")
    stand.kill_engine()
    await second.line.hang_up()
    stand.start_engine()
    await talking.line.hang_up()
    await stand.until_waiting(0, queue="first_line")
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    await first.line.hang_up()
    await stand.off_duty("ivanova")
    lines = (await text_with(log, "REMOVEMEMBER", start=start)).splitlines()
    told = [await lines_about(stand, citizen, lines) for citizen in (talking, first, second)]
    served = ["DID", "ENTERQUEUE", "CONNECT", "COMPLETECALLER"]
    assert [[fields[0] for fields in each] for each in told] == [
        served,
        served,
        ["DID", "ENTERQUEUE", "ABANDON"],
    ]
    assert [each[1][-1] for each in told] == ["1", "1", "2"]
    assert told[2][2][1:3] == ["2", "2"]
    assert told[1][3][3] == "1"
    # The engine that the story begins with may write its own after `start`.
    came = next(number for number, line in enumerate(lines) if "ADDMEMBER" in line)
    assert [line for line in lines[came:] if "QUEUESTART" in line] == []
    of_queue = [line.split("|") for line in lines if "|first_line|PJSIP/ivanova|" in line]
    declared = [fields[4] for fields in of_queue if fields[1] == "MANAGER"]
    assert declared == ["ADDMEMBER", "REMOVEMEMBER"]
    assert await rows_of_table(stand, len(lines)) == [line.split("|", 1)[1] for line in lines]


async def rows_of_table(stand: Stand, count: int) -> list[str]:
    """Return the newest rows of the table as lines without their moment, once they are there."""
    columns = "callid, queuename, agent, event, data"
    query = sa.text(f"SELECT {columns} FROM queue_log ORDER BY id DESC LIMIT {count}")
    reading = open_for_reading(stand.settings.store_url)
    rows = await reading.run(lambda connection: connection.execute(query).all())
    await reading.close()
    return ["|".join(row) for row in reversed(rows)]


async def lines_about(stand: Stand, citizen: Citizen, lines: list[str]) -> list[list[str]]:
    (call,) = await stand.calls_of(citizen.number)
    return [line.split("|")[4:] for line in lines if line.split("|")[1] == call.call]


async def test_a_rotated_file_is_left_alone_and_a_new_one_begun(stand: Stand) -> None:
    log = stand.settings.queue_log_file
    rotated = log.with_name("queue_log.1")
    start = len(text_of(log))
    await stand.on_duty("ivanova", Ignore())
    await text_with(log, "ADDMEMBER", start=start)
    log.rename(rotated)
    before = rotated.read_bytes()
    await stand.off_duty("ivanova")
    assert "REMOVEMEMBER" in await text_with(log, "REMOVEMEMBER")
    assert "ADDMEMBER" not in text_of(log)
    assert rotated.read_bytes() == before
