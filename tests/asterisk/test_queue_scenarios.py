"""
The scenarios of the Asterisk testsuite's `tests/apps/queues`, on our engine and real phones.

docs/architecture/queue-scenarios.md says which scenario became which test, here or elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import baresip
import pytest
from ruamel.yaml import YAML

from ekc_telephony.core.call.facts import CallOutcome, SegmentKind
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.settings.models import Settings
from lab.node import Document
from lab.onlooker import told
from lab.phones.operator import Answer, Ignore
from lab.phones.voice import whistle
from lab.ports import PortBlock
from lab.stand import Citizen, Stand, reacting, running_stand
from lab.story_site import FIRST_LINE, FIXED, write_story_site
from lab.waiting import eventually, happens
from tests.adapters.ari.sip_phone import scripted_phone

AT_ONCE: Final = timedelta()
ANSWER: Final = Answer(after=AT_ONCE)
A_WORD: Final = Answer(after=AT_ONCE, talk=timedelta(seconds=0.2))
EASED_AFTER: Final = timedelta(seconds=2)

LEFT: Final = "88001000011"
"""A phone rings for 1 s; who waits while nobody is ready goes to the second line."""
CALLED_BACK: Final = "88001000018"
"""The same, but he is offered to be called back, by the key 1."""
EXPERTS: Final = "88001000012"
"""Asks for the level 7, after `EASED_AFTER` for 5."""
FULL: Final = "88001000013"
"""Three may wait; who comes then goes to the second line. There is no wrap-up."""
URGENT: Final = "88001000014"
"""The same queue with a priority of 2."""
BENEFITS: Final = "88001000015"
"""Needs a skill that only Sidorova has, who serves the first line as well."""
UNHURRIED: Final = "88001000016"
"""Any operator of the first line; its wrap-up ends by a code only."""
NEW: Final = "88001000017"
"""Needs a skill that Smirnova has, and, when the configuration is changed, Orlov."""

QUEUES: Final[Mapping[str, Mapping[str, Any]]] = {
    LEFT: {
        "id": "left",
        "ring_time": "1s",
        "overflow": [{"when": "nobody_ready", "to": "pensions"}],
    },
    CALLED_BACK: {
        "id": "called_back",
        "ring_time": "1s",
        "keys": {"1": "callback"},
        "overflow": [{"when": "nobody_ready", "to": "callback"}],
    },
    EXPERTS: {
        "id": "experts",
        "skills": {"general": 7},
        "ease": [{"after": f"{EASED_AFTER.total_seconds():g}s", "skills": {"general": 5}}],
    },
    FULL: {
        "id": "full",
        "wrap_up": "0s",
        "overflow": [{"when": "line_too_long", "length": 3, "to": "pensions"}],
    },
    BENEFITS: {"id": "benefits", "skills": {"benefits": 4}, "wrap_up": "0s"},
    UNHURRIED: {"id": "unhurried", "wrap_up": "10m"},
    NEW: {"id": "new", "line": "second", "skills": {"benefits": 6}},
}
ELSEWHERE: Final = """
[elsewhere]
exten => s,1,Answer()
 same => n,Playback(ekc/after-hours)
 same => n,Wait(600)
"""


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node with a queue for each kind of scenario."""
    folder = tmp_path_factory.mktemp("scenarios")

    def change(document: Document) -> None:
        for number, queue in QUEUES.items():
            add_queue(document, folder / "scripts", number=number, changes=queue)
        add_number(document, folder / "scripts", number=URGENT, queue="full", more=", priority: 2")

    config = write_story_site(folder, ports=PortBlock.find_free(), change=change)
    with running_stand(config, prepare=add_a_place_outside_the_engine) as stand:
        yield stand


def add_queue(
    document: Document, scripts: Path, *, number: str, changes: Mapping[str, Any]
) -> None:
    """Add a queue like the first line's, with changes, and a number that leads straight into it."""
    first = next(queue for queue in document["queues"] if queue["id"] == "first_line")
    others = [queue for queue in document["queues"] if queue["id"] != changes["id"]]
    added = dict(first) | {"title": changes["id"]} | dict(changes)
    document["queues"] = [*others, added]
    add_number(document, scripts, number=number, queue=changes["id"])


def add_unhurried_queue(document: Document, scripts: Path) -> None:
    """Add the queue whose wrap-up ends by a code only."""
    add_queue(document, scripts, number=UNHURRIED, changes=QUEUES[UNHURRIED])


def add_number(
    document: Document, scripts: Path, *, number: str, queue: str, more: str = ""
) -> None:
    """Add a number that leads straight into a queue."""
    script = f"to_{number}"
    document["numbers"].append({"did": number, "script": script})
    (scripts / f"{script}.yaml").write_text(
        f"entry: wait\nnodes: {{wait: {{kind: enqueue, queue: {queue}{more}}}}}\n", encoding="utf-8"
    )


def add_a_place_outside_the_engine(settings: Settings) -> None:
    site = settings.asterisk_folder / "etc" / "site"
    (site / "extensions-elsewhere.conf").write_text(ELSEWHERE, encoding="utf-8")


# --- what scenarios have in common


async def talks(stand: Stand, account: str) -> None:
    await stand.until_agent(account, lambda agent: agent.activity is Activity.TALKING)


async def lunches(stand: Stand, account: str) -> None:
    await stand.declare(await stand.phone(account), "*462")
    await stand.until_agent(account, lambda agent: agent.reason is NotReadyReason.LUNCH)


async def gave_no_answer(stand: Stand, account: str) -> None:
    await stand.until_agent(
        account,
        lambda agent: (
            (agent.presence, agent.reason, agent.activity)
            == (Presence.NOT_READY, NotReadyReason.NO_ANSWER, Activity.IDLE)
        ),
    )


async def wait_in(stand: Stand, number: str, *, queue: str, waiting: int = 1) -> Citizen:
    """Let a citizen call, stand in the queue, and see that no phone is to ring for him."""
    citizen = await stand.call(number)
    await stand.until_waiting(waiting, queue=queue)
    # Whom to ring is decided as he joins: nobody is reserved now means that nobody was chosen.
    board = await stand.board()
    assert all(agent.activity is not Activity.RESERVED for agent in board.agents)
    return citizen


async def were_answered_in_this_order(stand: Stand, *citizens: Citizen) -> None:
    for citizen in citizens:
        await happens(citizen.line.ended)
    served = [(await stand.history(each.number)).summary.answered_at for each in citizens]
    answered = [each for each in served if each is not None]
    assert len(answered) == len(citizens)
    assert answered == sorted(answered)


async def hears_him(stand: Stand, citizen: Citizen, account: str) -> None:
    phone = await stand.phone(account)
    citizen.line.say(whistle(), is_repeated=True)
    await stand.hears(phone.lines[-1], whistle(), since=phone.lines[-1].heard_so_far.duration)


# --- nobody answers


async def test_who_is_answered_by_nobody_rings_each_phone_once_and_gets_to_the_second_line(
    stand: Stand,
) -> None:
    first = [await stand.on_duty(each, Ignore()) for each in ("ivanova", "petrov")]
    await stand.on_duty("smirnova", ANSWER)
    citizen = await stand.call(LEFT)
    for phone in first:
        await gave_no_answer(stand, phone.account)
    await stand.until_agent("smirnova", lambda agent: agent.activity is Activity.TALKING)
    assert [len(phone.offers) for phone in first] == [1, 1]
    await citizen.line.hang_up()
    assert told(await stand.history(citizen.number))[1:6] == [
        "waiting overflowed",
        "offer ivanova not_answered",
        "offer petrov not_answered",
        "waiting completed",
        "offer smirnova accepted",
    ]


async def test_while_everybody_is_at_lunch_no_phone_rings_and_the_caller_waits(
    stand: Stand,
) -> None:
    phones = [await stand.on_duty(each, ANSWER) for each in ("ivanova", "petrov")]
    for phone in phones:
        await lunches(stand, phone.account)
    citizen = await wait_in(stand, FIRST_LINE, queue="first_line")
    await stand.hears(citizen.line, "position-1")
    assert [phone.offers for phone in phones] == [[], []]
    await stand.declare(phones[1], "*45")
    await talks(stand, "petrov")
    assert phones[0].offers == []


async def test_who_is_at_lunch_is_not_rung_when_the_others_do_not_answer(stand: Stand) -> None:
    ivanova = await stand.on_duty("ivanova", ANSWER)
    petrov = await stand.on_duty("petrov", Ignore())
    await lunches(stand, "ivanova")
    citizen = await stand.call(CALLED_BACK)
    await gave_no_answer(stand, "petrov")
    await stand.hears(citizen.line, "queue-key-callback")
    await citizen.line.press("1")
    await happens(citizen.line.ended)
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.CALLBACK_PROMISED
    assert told(history)[1:] == ["waiting left_by_key", "offer petrov not_answered"]
    assert (ivanova.offers, len(petrov.offers)) == ([], 1)


# --- who fits


async def test_an_operator_below_the_asked_level_is_not_rung_until_less_is_asked(
    stand: Stand,
) -> None:
    kuznetsov = await stand.on_duty("kuznetsov", ANSWER)
    await stand.on_duty("petrov", ANSWER)
    citizen = await stand.call(EXPERTS)
    await talks(stand, "petrov")
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    began = {each.kind: each.started_at for each in history.segments}
    assert began[SegmentKind.OFFER] - began[SegmentKind.WAITING] >= EASED_AFTER
    assert kuznetsov.offers == []


async def test_what_operators_can_is_changed_while_a_caller_waits_whom_nobody_could_serve(
    stand: Stand,
) -> None:
    orlov = await stand.on_duty("orlov", ANSWER)
    citizen = await wait_in(stand, NEW, queue="new")
    stand.stop_engine()
    yaml = YAML()
    document = yaml.load(stand.config)
    (his,) = [each for each in document["operators"] if each["account"] == "orlov"]
    his["skills"]["benefits"] = 6
    yaml.dump(document, stand.config)
    stand.start_engine()
    await talks(stand, "orlov")
    await hears_him(stand, citizen, "orlov")
    assert len(orlov.offers) == 1


# --- the line


async def test_priority_goes_first_equals_wait_in_line_and_a_full_line_leads_elsewhere(
    stand: Stand,
) -> None:
    ivanova = await stand.on_duty("ivanova", ANSWER)
    await stand.on_duty("smirnova", ANSWER)
    talking = await stand.call(FULL)
    await talks(stand, "ivanova")
    first = await wait_in(stand, FULL, queue="full", waiting=1)
    second = await wait_in(stand, FULL, queue="full", waiting=2)
    urgent = await wait_in(stand, URGENT, queue="full", waiting=3)
    await stand.call(FULL)
    await talks(stand, "smirnova")
    await stand.until_waiting(3, queue="full")
    ivanova.react = reacting(A_WORD)
    await talking.line.hang_up()
    await were_answered_in_this_order(stand, urgent, first, second)


# --- one operator, several queues


async def test_who_talks_in_one_queue_is_not_rung_for_another(stand: Stand) -> None:
    sidorova = await stand.on_duty("sidorova", ANSWER)
    talking = await stand.call(FIRST_LINE)
    await talks(stand, "sidorova")
    waiting = await wait_in(stand, BENEFITS, queue="benefits")
    assert len(sidorova.offers) == 1
    await talking.line.hang_up()
    await stand.until_waiting(0, queue="benefits")
    await talks(stand, "sidorova")
    assert [each.headers["X-EKC-Queue"] for each in sidorova.offers] == ["Первая линия", "benefits"]
    await waiting.line.hang_up()


async def test_who_lets_it_ring_in_one_queue_is_not_rung_for_another_until_he_is_back(
    stand: Stand,
) -> None:
    sidorova = await stand.on_duty("sidorova", Ignore())
    first = await stand.call(LEFT)
    await gave_no_answer(stand, "sidorova")
    second = await wait_in(stand, BENEFITS, queue="benefits")
    assert len(sidorova.offers) == 1
    sidorova.react = reacting(A_WORD)
    await first.line.hang_up()
    await stand.declare(sidorova, "*45")
    await were_answered_in_this_order(stand, second)
    assert len(sidorova.offers) == 2


async def test_wrap_up_is_the_operators_and_holds_for_all_his_queues(stand: Stand) -> None:
    sidorova = await stand.on_duty("sidorova", ANSWER)
    talking = await stand.call(UNHURRIED)
    await talks(stand, "sidorova")
    await talking.line.hang_up()
    await stand.until_agent("sidorova", lambda agent: agent.activity is Activity.WRAP_UP)
    await wait_in(stand, BENEFITS, queue="benefits")
    assert len(sidorova.offers) == 1
    await stand.declare(sidorova, "*48")
    await talks(stand, "sidorova")
    assert told(await stand.history(talking.number))[-1] == "wrap_up sidorova finished_early"


async def test_each_ends_his_own_wrap_up_and_nobody_elses(stand: Stand) -> None:
    phones = {each: await stand.on_duty(each, ANSWER) for each in ("ivanova", "petrov")}
    talking = [await stand.call(UNHURRIED) for _ in phones]
    for account in phones:
        await talks(stand, account)
    for citizen in talking:
        await citizen.line.hang_up()
    for account in phones:
        await stand.until_agent(account, lambda agent: agent.activity is Activity.WRAP_UP)
    waiting = await wait_in(stand, FULL, queue="full")
    await stand.declare(phones["petrov"], "*48")
    await talks(stand, "petrov")
    assert {account: len(phone.offers) for account, phone in phones.items()} == {
        "ivanova": 1,
        "petrov": 2,
    }
    await waiting.line.hang_up()
    await stand.declare(phones["ivanova"], "*48")
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.IDLE)


# --- legs that go elsewhere


def fixed_port(stand: Stand) -> int:
    """Return where the node looks for the phone at a fixed address."""
    (contact,) = [each.contact for each in stand.settings.operators if each.account == FIXED]
    return int(str(contact).rpartition(":")[2])


@pytest.mark.parametrize("target", ["sidorova", "nobody", FIRST_LINE, "89160000000"])
async def test_a_phone_that_forwards_its_calls_forwards_nobody_and_the_next_one_rings(
    stand: Stand, target: str
) -> None:
    sidorova = await stand.phone("sidorova")
    sidorova.offers.clear()
    contact = f"sip:{target}@{stand.sip[0]}:{stand.sip[1]}"
    phone_of_fixed = scripted_phone(fixed_port(stand), "302 Moved Temporarily", contact=contact)
    async with phone_of_fixed as phone:
        await stand.on_duty(FIXED, Ignore())
        await stand.on_duty("petrov", ANSWER)
        citizen = await stand.call(FIRST_LINE)
        await talks(stand, "petrov")
        await hears_him(stand, citizen, "petrov")
        assert len(phone.invites) == 1
        assert len((await stand.board()).calls) == 1
        assert "Local/" not in stand.asterisk.command("core show channels concise")
        await citizen.line.hang_up()
        offer, then = told(await stand.history(citizen.number))[2:4]
        # Asterisk tells one or the other, as its dialling or its SIP is the first to hang up.
        assert offer in {f"offer {FIXED} unreachable", f"offer {FIXED} refused"}
        assert then == "offer petrov accepted"
        assert sidorova.offers == []
        await stand.off_duty(FIXED)
    assert not [line for line in stand.asterisk.warnings() if "'endpoint'" in line]


async def test_a_caller_taken_out_of_his_talk_by_asterisks_console_leaves_a_free_operator(
    stand: Stand,
) -> None:
    before = subscriptions(stand)
    ivanova = await stand.on_duty("ivanova", ANSWER)
    citizen = await stand.call(FIRST_LINE)
    await talks(stand, "ivanova")
    await hears_him(stand, citizen, "ivanova")
    # Not a part of a node: the console's `channel redirect`.
    stand.asterisk.command("module load res_clioriginate.so")
    stand.asterisk.command(f"channel redirect {channel_of(stand, 'city')} elsewhere,s,1")
    await happens(ivanova.lines[0].ended)
    await stand.hears(citizen.line, "after-hours")
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.IDLE)
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert told(history)[3:] == ["talk ivanova caller_hung_up", "wrap_up ivanova time_is_up"]
    await citizen.line.hang_up()

    await stand.until_silent()

    async def nothing_is_left() -> bool:
        bridges = stand.asterisk.command("bridge show all").splitlines()[1:]
        return not bridges and not subscriptions(stand) - before

    await eventually(nothing_is_left, what="that Asterisk holds nothing more than before")


def channel_of(stand: Stand, endpoint: str) -> str:
    """Return the name of the only channel of an endpoint."""
    listed = stand.asterisk.command("core show channels concise").splitlines()
    (name,) = [line.split("!")[0] for line in listed if line.startswith(f"PJSIP/{endpoint}-")]
    return name


def subscriptions(stand: Stand) -> Counter[str]:
    """Count what Asterisk's message bus is subscribed to, by topic."""
    listed = stand.asterisk.command("core show taskprocessors").splitlines()
    names = [line.split()[0] for line in listed if line.startswith(("stasis/p:", "stasis/m:"))]
    return Counter(name.rpartition("-")[0] for name in names)


async def test_a_citizen_who_presses_transfer_moves_nobody(stand: Stand) -> None:
    ivanova = await stand.on_duty("ivanova", ANSWER)
    petrov = await stand.on_duty("petrov", ANSWER)
    citizen = await stand.call(FIRST_LINE)
    await talks(stand, "ivanova")
    for target in ("petrov", "pensions", FIRST_LINE):
        with pytest.raises(baresip.TransferFailed):
            await citizen.line.transfer(target)
    await hears_him(stand, citizen, "ivanova")
    assert (len(ivanova.offers), len(petrov.offers)) == (1, 0)
    await citizen.line.hang_up()
    assert told(await stand.history(citizen.number))[2:] == [
        "offer ivanova accepted",
        "talk ivanova caller_hung_up",
        "wrap_up ivanova time_is_up",
    ]


async def test_a_citizen_cannot_put_his_operator_together_with_his_second_call(
    stand: Stand,
) -> None:
    await stand.on_duty("ivanova", ANSWER)
    await stand.on_duty("petrov", ANSWER)
    citizen = await stand.call(FIRST_LINE)
    await talks(stand, "ivanova")
    await citizen.line.hold()
    second = await stand.call(FIRST_LINE)
    await talks(stand, "petrov")
    with pytest.raises(baresip.TransferFailed):
        await citizen.line.transfer_to(second.line)
    for line in (citizen.line, second.line):
        await line.resume()
    await hears_him(stand, citizen, "ivanova")
    await hears_him(stand, second, "petrov")
