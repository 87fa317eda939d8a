"""Panoramisk's nine defects, each repaired; numbered as in the client's docstring."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from ekc_telephony.adapters.ami.client import AmiClient, AmiDownError, AmiRefusedError
from ekc_telephony.adapters.ami.link import AmiLink
from ekc_telephony.core.call.events import PhoneLost, PhoneReached
from ekc_telephony.core.kernel.ids import AgentId
from tests.adapters.ami.scripted_ami import Answer, closed, error, scripted_ami, silence
from tests.adapters.ari.heard import listening

SOON = timedelta(seconds=0.2)


def queued(identity: str) -> bytes:
    """Answer as Asterisk does to an Originate."""
    return (
        f"Response: Success\r\nActionID: {identity}\r\n"
        "Message: Originate successfully queued\r\n\r\n"
    ).encode()


def endpoint(state: str, contact: str) -> Answer:
    """List one phone."""
    return lambda identity: (
        f"Response: Success\r\nActionID: {identity}\r\nEventList: start\r\n"
        "Message: A listing of Endpoints follows, presented as EndpointList events\r\n\r\n"
        f"Event: EndpointList\r\nActionID: {identity}\r\nObjectName: agent1\r\n"
        f"Contacts: agent1/{contact},\r\nDeviceState: {state}\r\n\r\n"
        f"Event: EndpointListComplete\r\nActionID: {identity}\r\nEventList: Complete\r\n"
        "ListItems: 1\r\n\r\n"
    ).encode()


def test_1_an_originate_without_async_is_answered_and_the_connection_lives() -> None:
    async def story() -> None:
        async with scripted_ami(Originate=queued) as ami:
            client = AmiClient(ami.access)
            async with client.connected():
                (answer,) = await client.ask("Originate", Channel="Local/1@x")
                assert answer["Message"] == "Originate successfully queued"
                assert len(await client.ask("Ping")) == 1

    asyncio.run(story())


def test_2_events_wait_in_a_queue_so_whoever_takes_them_may_fail() -> None:
    async def story() -> None:
        async with scripted_ami() as ami:
            client = AmiClient(ami.access)
            async with client.connected():
                writer = await ami.connections.get()
                writer.write(b"Event: A\r\n\r\nnonsense\r\n\r\nEvent: B\r\n\r\n")
                with suppress(ZeroDivisionError):
                    assert (await client.receive())["Event"] == "A"
                    1 / 0  # noqa: B018 (a consumer that fails)
                assert (await client.receive())["Event"] == "B"

    asyncio.run(story())


def test_3_what_was_asked_before_a_loss_fails_and_is_never_sent_again() -> None:
    async def story() -> None:
        async with scripted_ami(Originate=closed) as ami:
            client = AmiClient(ami.access)
            async with client.connected():
                with pytest.raises(AmiDownError, match="broke"):
                    await client.ask("Originate", Channel="Local/stale@x")
                with pytest.raises(AmiDownError, match="no AMI connection"):
                    await client.ask("Originate", Channel="Local/stale@x")
            async with client.connected():
                await client.ask("Ping")
            sent = [ami.received.get_nowait()["Action"] for _ in range(ami.received.qsize())]
            assert sent == ["Login", "Originate", "Login", "Ping"]

    asyncio.run(story())


def test_3_a_question_without_an_answer_ends_in_time() -> None:
    async def story() -> None:
        async with scripted_ami(Status=silence) as ami:
            client = AmiClient(ami.access)
            async with client.connected():
                with pytest.raises(AmiDownError, match="did not answer Status"):
                    await client.ask("Status", patience=SOON)
                await client.ask("Ping")

    asyncio.run(story())


def test_4_a_letter_split_between_two_segments_survives() -> None:
    async def story() -> None:
        async with scripted_ami() as ami:
            client = AmiClient(ami.access)
            async with client.connected():
                writer = await ami.connections.get()
                for byte in "Event: UserEvent\r\nName: Иванов Пётр\r\n\r\n".encode():
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0)
                assert (await client.receive())["Name"] == "Иванов Пётр"

    asyncio.run(story())


def test_5_a_silent_asterisk_is_pinged_and_dropped_when_it_does_not_answer() -> None:
    async def story() -> None:
        async with scripted_ami(Ping=silence) as ami:
            link = AmiLink(ami.access, accounts=())
            async with listening(link.run), asyncio.timeout(60):
                actions = [(await ami.received.get())["Action"] for _ in range(4)]
                assert actions == ["Login", "PJSIPShowEndpoints", "Ping", "Login"]
                assert link.trouble == "AMI did not answer Ping in time."

    asyncio.run(story())


def test_6_a_wrong_password_ends_the_link_with_a_clear_sentence() -> None:
    async def story() -> None:
        async with scripted_ami(Login=error("Authentication failed")) as ami:
            with pytest.raises(AmiRefusedError, match="refuses the AMI user 'ekc'") as caught:
                await AmiLink(ami.access, accounts=()).run(lambda _: None)
            assert "s3cret" not in str(caught.value)

    asyncio.run(story())


def test_7_a_cancelled_link_does_not_come_back() -> None:
    async def story() -> None:
        async with scripted_ami(Login=closed) as ami:
            async with listening(AmiLink(ami.access, accounts=()).run):
                assert (await ami.received.get())["Action"] == "Login"
            for _ in range(ami.received.qsize()):
                ami.received.get_nowait()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await ami.received.get()

    asyncio.run(story())


@pytest.mark.parametrize("value", ["a\r\nAction: Logoff", "a\nb", "a\rb"])
def test_8_a_line_break_in_a_value_is_rejected(value: str) -> None:
    async def story() -> None:
        async with scripted_ami() as ami:
            client = AmiClient(ami.access)
            async with client.connected():
                with pytest.raises(ValueError, match="holds a line break"):
                    await client.ask("UserEvent", Name=value)
            assert ami.received.qsize() == 1, "nothing but the login was sent"

    asyncio.run(story())


def test_8_a_line_that_asterisk_would_discard_is_rejected() -> None:
    async def story() -> None:
        async with scripted_ami() as ami:
            client = AmiClient(ami.access)
            async with client.connected():
                with pytest.raises(ValueError, match="1206 bytes long"):
                    await client.ask("UserEvent", Name="я" * 600)

    asyncio.run(story())


def test_9_events_need_no_coroutine_to_be_taken() -> None:
    async def story() -> None:
        async with scripted_ami(PJSIPShowEndpoints=endpoint("Not in use", "sip:a@h")) as ami:
            link = AmiLink(ami.access, accounts=(AgentId("agent1"),))
            async with listening(link.run) as heard:
                assert await heard.next(PhoneReached) == PhoneReached(agent=AgentId("agent1"))

    asyncio.run(story())


def test_an_asterisk_without_any_phone_is_no_error() -> None:
    async def story() -> None:
        async with scripted_ami() as ami:
            link = AmiLink(ami.access, accounts=(AgentId("agent1"),))
            async with listening(link.run) as heard:
                assert await heard.next(PhoneLost) == PhoneLost(agent=AgentId("agent1"))

    asyncio.run(story())


def test_a_user_without_rights_is_told_so() -> None:
    async def story() -> None:
        async with scripted_ami(PJSIPShowEndpoints=error("Permission denied")) as ami:
            with pytest.raises(AmiRefusedError, match="PJSIPShowEndpoints: Permission denied"):
                await AmiLink(ami.access, accounts=()).run(lambda _: None)

    asyncio.run(story())


def test_after_a_reconnect_only_changes_are_told() -> None:
    async def story() -> None:
        async with scripted_ami(PJSIPShowEndpoints=endpoint("Not in use", "sip:a@h")) as ami:
            link = AmiLink(ami.access, accounts=(AgentId("agent1"), AgentId("agent2")))
            async with listening(link.run) as heard:
                await heard.next(PhoneLost, agent="agent2")
                ami.answers["PJSIPShowEndpoints"] = endpoint("Unavailable", "sip:a@h")
                (await ami.connections.get()).transport.abort()
                await heard.next(PhoneLost)
                assert heard.all == [
                    PhoneReached(agent=AgentId("agent1")),
                    PhoneLost(agent=AgentId("agent2")),
                    PhoneLost(agent=AgentId("agent1")),
                ]

    asyncio.run(story())
