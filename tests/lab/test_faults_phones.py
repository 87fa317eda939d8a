"""The phones of `make faults`: what they understand of SIP, and what they hear."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from lab.faults.rtp import (
    CALLER_HZ,
    PACKET,
    RATE,
    Ear,
    Recogniser,
    agent_tones,
    compress,
    expand,
    voice,
)
from lab.faults.sip import Credentials, Message, session_description, uri_of, user_of
from lab.faults.world import accounts, mark_fallback_words
from lab.hearing import Sound

AGENTS = 12
ROOT = Path(__file__).parents[2]
SILENCE = compress(np.zeros(RATE))


def packets(sound: bytes) -> list[bytes]:
    return [sound[begin : begin + PACKET] for begin in range(0, len(sound), PACKET)]


def heard(*seconds: bytes) -> Ear:
    """An ear that has heard some seconds of sound."""
    ear = Ear(Recogniser(AGENTS))
    ear.open(0.0)
    for number, packet in enumerate(packets(b"".join(seconds)), start=1):
        ear.hear(packet, number * 0.02)
    return ear


def test_every_operator_is_known_by_his_voice() -> None:
    for agent in range(AGENTS):
        ear = heard(voice(agent_tones(agent)))
        assert [each.agent for each in ear.agents] == [agent]
        assert ear.heard_agent.is_set()


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prompts as `make faults` lets them be heard."""
    folder = tmp_path_factory.mktemp("faults") / "ru"
    shutil.copytree(ROOT / "sounds" / "ru", folder)
    mark_fallback_words(folder)
    return folder


def words_of_the_fallback() -> list[str]:
    dialplan = (ROOT / "dialplan" / "extensions.conf.j2").read_text(encoding="utf-8")
    begin = dialplan.index("[fallback]")
    spoken = re.findall(r"ekc/([\w-]+)", dialplan[begin : dialplan.index("[fallback-talk]")])
    assert {"fallback-apology", "fallback-callback", "fallback-no-operator"} <= set(spoken)
    return sorted(set(spoken))


# A caller whose key 1 met the guard's redirect heard only that he would be called back, and was
# told of as hung up on: the ear knew only the apology.
@pytest.mark.parametrize("prompt", words_of_the_fallback())
def test_whatever_the_fallback_says_is_known_to_be_the_fallback(marked: Path, prompt: str) -> None:
    ear = Ear(Recogniser(len(accounts())))
    ear.open(0.0)
    samples = Sound.read(marked / f"{prompt}.wav").samples.astype(np.float64)
    for number, packet in enumerate(packets(compress(samples)), start=1):
        ear.hear(packet, number * 0.02)
    assert ear.heard_fallback


def test_a_caller_and_silence_are_no_operator() -> None:
    assert heard(voice(CALLER_HZ), SILENCE).agents == []


def test_silence_is_measured_from_the_last_sound_to_the_next() -> None:
    words = voice(agent_tones(3))
    ear = heard(words, SILENCE, SILENCE, words)
    (gap,) = ear.gaps
    assert gap.began == pytest.approx(1.0, abs=0.05)
    assert gap.ended == pytest.approx(3.0, abs=0.05)


def test_no_packets_are_silence_too() -> None:
    ear = heard(voice(agent_tones(3)))
    ear.close(4.0)
    (gap,) = ear.gaps
    assert gap.ended - gap.began == pytest.approx(3.0, abs=0.05)


def test_who_has_not_been_answered_hears_no_silence() -> None:
    ear = Ear()
    ear.hear(SILENCE[:PACKET], 5.0)
    ear.close(9.0)
    assert ear.gaps == []


def test_a_law_comes_back_as_it_was() -> None:
    moments = np.arange(RATE) / RATE
    tone = 5000 * np.sin(2 * np.pi * 440 * moments)
    back = expand(compress(tone)).samples
    assert float(np.abs(back - tone).max()) < 200


def test_a_message_is_taken_apart() -> None:
    message = Message.parse(
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9\r\nCSeq: 2 INVITE\r\n"
        b"Contact: <sip:node@127.0.0.1:15060>\r\n\r\n"
        + session_description(("127.0.0.1", 18004)).encode()
    )
    assert (message.status, message.answers) == (200, "INVITE")
    assert uri_of(message.first("contact")) == "sip:node@127.0.0.1:15060"
    assert message.sound_address == ("127.0.0.1", 18004)


def test_what_is_no_sip_is_a_message_without_headers() -> None:
    message = Message.parse(b"\x00\x01 hello")
    assert (message.status, message.headers, message.sound_address) == (None, (), None)


def test_the_number_is_read_from_the_header() -> None:
    assert user_of('"Anna" <sip:+79130000001@127.0.0.2>;tag=1') == "+79130000001"
    assert user_of("sip:anna@example.test;tag=1") == "anna"


def test_a_challenge_is_answered_as_the_rfc_does() -> None:
    """The example of RFC 2069, section 2.4, with its erratum 749."""
    proof = Credentials(account="Mufasa", password="CircleOfLife").answer(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"',
        method="GET",
        uri="/dir/index.html",
    )
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in proof
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in proof
