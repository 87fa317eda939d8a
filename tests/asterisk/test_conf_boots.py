"""What `ekc conf render` writes is what a real Asterisk boots on, and treats callers as meant."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Self

import aiohttp
import pytest

from ekc_telephony.adapters.asterisk_conf.conf import Installation, Listener, NodeConf, PhoneConf
from ekc_telephony.adapters.asterisk_conf.folder import write_folder
from ekc_telephony.adapters.asterisk_conf.render import render
from ekc_telephony.settings.asterisk import golden_conf
from ekc_telephony.settings.load import load_settings
from lab.asterisk import AsteriskProcess, running_asterisk
from lab.ports import PortBlock
from lab.runtime import PROJECT, Runtime
from lab.waiting import PATIENCE

CITIZEN = "127.0.0.2"
OPERATOR = "127.0.0.1"
BEAT_EVERY_S = 0.5
PING_EVERY_S = 2


def sample_conf(folder: Path) -> NodeConf:
    ports = PortBlock.find_free()
    return replace(
        golden_conf(load_settings(PROJECT / "ekc.yaml")),
        folder=folder,
        installation=Installation.find(PROJECT / ".runtime" / "asterisk"),
        sounds=PROJECT / "sounds",
        sip=Listener(bind="127.0.0.1", port=ports.sip),
        ari=Listener(bind="127.0.0.1", port=ports.ari),
        ami=Listener(bind="127.0.0.1", port=ports.ami),
        rtp_first=ports.rtp[0],
        rtp_last=ports.rtp[1],
    )


class Phone:
    """Just enough SIP over UDP to see how Asterisk answers."""

    def __init__(self, address: str, conf: NodeConf, user: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._socket.settimeout(PATIENCE.total_seconds())
        self._server = conf.sip
        self.user = user
        self.here = f"{address}:{self._socket.getsockname()[1]}"
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, method: str, to: str, *headers: str) -> None:
        self._sequence += 1
        target = f"sip:{to}@{self._server}" if to else f"sip:{self._server}"
        head = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.here};branch=z9hG4bK-{self.here}-{self._sequence};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self._server}>;tag=f",
            f"To: <sip:{(self.user if method == 'REGISTER' else to) or 'nobody'}@{self._server}>",
            f"Call-ID: {self.here}-{method}-{to}",
            f"CSeq: {self._sequence} {method}",
            f"Contact: <sip:{self.user}@{self.here}>",
            *headers,
        ]
        sound = self._sdp() if method == "INVITE" else ""
        if sound:
            head.append("Content-Type: application/sdp")
        text = "\r\n".join([*head, f"Content-Length: {len(sound)}", "", sound])
        self._socket.sendto(text.encode(), (self._server.bind, self._server.port))

    def _sdp(self) -> str:
        address = self.here.partition(":")[0]
        lines = ["v=0", f"o=- 1 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0"]
        return "\r\n".join([*lines, "m=audio 40000 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", ""])

    def receive(self) -> str:
        return self._socket.recv(65535).decode()

    def answer_to(self, method: str, to: str, *headers: str) -> str:
        """Send a request and return the status of its first answer that is final."""
        self.send(method, to, *headers)
        while True:
            answer = self.receive()
            if re.match(r"SIP/2.0 [2-6]", answer):
                return answer

    def acknowledge(self, answer: str, to: str) -> None:
        """Send the ACK of an answered INVITE."""
        tag = re.findall(r"(?m)^To: .*;tag=([^\s;]+)", answer)[0]
        lines = [
            f"ACK sip:{to}@{self._server} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.here};branch=z9hG4bK-{self.here}-ack;rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self._server}>;tag=f",
            f"To: <sip:{to}@{self._server}>;tag={tag}",
            f"Call-ID: {self.here}-INVITE-{to}",
            f"CSeq: {self._sequence} ACK",
            "Content-Length: 0",
            "",
            "",
        ]
        self._socket.sendto("\r\n".join(lines).encode(), (self._server.bind, self._server.port))

    def with_password(self, method: str, to: str, password: str) -> str:
        """Send a request twice, as a phone does: unasked, then with the digest."""
        challenge = self.answer_to(method, to)
        assert challenge.startswith("SIP/2.0 401"), challenge
        realm, nonce = re.findall(r'(?:realm|nonce)="([^"]*)"', challenge)
        uri = f"sip:{to}@{self._server}" if to else f"sip:{self._server}"
        secret = _md5(f"{self.user}:{realm}:{password}")
        proof = _md5(f"{secret}:{nonce}:1:c:auth:{_md5(f'{method}:{uri}')}")
        header = (
            f'Authorization: Digest username="{self.user}", realm="{realm}", nonce="{nonce}", '
            f'uri="{uri}", algorithm=MD5, qop=auth, nc=1, cnonce="c", response="{proof}"'
        )
        opaque = re.search(r'opaque="([^"]*)"', challenge)
        if opaque:
            header += f', opaque="{opaque[1]}"'
        self.send(method, to, header)
        return self.receive()


class Console:
    """A connection to AMI that says something now and then, as the engine's does."""

    def __init__(self, conf: NodeConf) -> None:
        self._socket = socket.create_connection((conf.ami.bind, conf.ami.port))
        self._unread = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, *headers: str) -> None:
        """Send an action."""
        self._socket.sendall("\r\n".join([*headers, "", ""]).encode())

    def line(self) -> str:
        """Wait for the next line."""
        while "\r\n" not in self._unread:
            readable, _, _ = select.select([self._socket], [], [], PING_EVERY_S)
            if readable:
                self._unread += self._socket.recv(65536).decode()
            else:
                # Asterisk wakes the thread of a session by a signal, which is lost in the moment
                # before the thread falls asleep: it sleeps over the event until it is spoken to
                # (manager.c: get_input sets waiting_thread, then polls).
                self.ask("Action: Ping")
        line, _, self._unread = self._unread.partition("\r\n")
        return line

    def wait_for(self, text: str) -> None:
        """Wait for a line that holds this text; the test's time limit is the patience."""
        while text not in self.line():
            pass


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> NodeConf:
    return sample_conf(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def asterisk(conf: NodeConf) -> Iterator[AsteriskProcess]:
    write_folder(conf, render(conf))
    with running_asterisk(conf.folder, Runtime.find()) as running:
        yield running


def ari_socket(
    http: aiohttp.ClientSession, conf: NodeConf
) -> aiohttp.client._WSRequestContextManager:
    credentials = aiohttp.encode_basic_auth("ekc", conf.ari_password)
    return http.ws_connect(
        f"http://{conf.ari}/ari/events?app={conf.app}", headers={"Authorization": credentials}
    )


@asynccontextmanager
async def beating(http: aiohttp.ClientSession, conf: NodeConf) -> AsyncIterator[None]:
    """Let the engine's heart beat until the block is left."""

    async def beat() -> None:
        while True:
            await _beat(http, conf)
            await asyncio.sleep(BEAT_EVERY_S)

    await _beat(http, conf)
    beats = asyncio.create_task(beat())
    try:
        yield
    finally:
        beats.cancel()
        await asyncio.wait({beats})


async def _beat(http: aiohttp.ClientSession, conf: NodeConf) -> None:
    async with http.post(
        f"http://{conf.ari}/ari/asterisk/variable",
        params={"variable": "EKC_ALIVE_AT", "value": str(round(time.time()))},  # noqa: TID251
        headers={"Authorization": aiohttp.encode_basic_auth("ekc", conf.ari_password)},
    ) as answer:
        answer.raise_for_status()


async def arguments_of(conf: NodeConf, phone: Phone, *request: str) -> list[str]:
    """Send an INVITE while the engine's application is there; return what it is told."""
    async with (
        aiohttp.ClientSession() as http,
        ari_socket(http, conf) as events,
        beating(http, conf),
    ):
        await asyncio.to_thread(_invite, phone, *request)
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while True:
                event = await events.receive_json()
                if event["type"] == "StasisStart":
                    return [str(argument) for argument in event["args"]]


def _invite(phone: Phone, to: str, password: str = "") -> None:
    if password:
        phone.with_password("INVITE", to, password)
    else:
        phone.send("INVITE", to)


def test_the_sample_boots_within_three_seconds_and_without_a_warning(tmp_path: Path) -> None:
    conf = sample_conf(tmp_path)
    write_folder(conf, render(conf))
    with running_asterisk(conf.folder, Runtime.find()) as asterisk:
        assert asterisk.boot_time < timedelta(seconds=3)
        assert asterisk.warnings() == []
    assert asterisk.process.returncode is not None


@pytest.mark.parametrize(
    ("dialled", "told"),
    [
        ("88001000001", "88001000001"),
        ("+78001000001", "+78001000001"),
        ("7", "7"),
        ("nobody.here", "nobody.here"),
        ("8800)${EXTEN},x", "8800EXTENx"),
    ],
)
def test_whatever_a_citizen_dials_reaches_the_engine_filtered(
    asterisk: AsteriskProcess, conf: NodeConf, dialled: str, told: str
) -> None:
    with Phone(CITIZEN, conf, "9130000001") as phone:
        escaped = dialled.replace("{", "%7B").replace("}", "%7D").replace(",", "%2C")
        assert asyncio.run(arguments_of(conf, phone, escaped)) == ["inbound", told]
    assert asterisk.process.poll() is None


def test_a_trunk_is_known_by_its_address_even_under_an_operators_name(
    asterisk: AsteriskProcess, conf: NodeConf
) -> None:
    with Phone(CITIZEN, conf, "ivanova") as phone:
        assert asyncio.run(arguments_of(conf, phone, "88001000001"))[0] == "inbound"
    assert asterisk.process.poll() is None


def test_an_operators_feature_code_reaches_the_engine_with_his_account(
    asterisk: AsteriskProcess, conf: NodeConf
) -> None:
    with Phone(OPERATOR, conf, "ivanova") as phone:
        told = asyncio.run(arguments_of(conf, phone, "*461", "PASSWORD-OF-ivanova"))
        assert told == ["feature", "ivanova", "*461"]
    assert asterisk.process.poll() is None


@pytest.mark.usefixtures("asterisk")
def test_nobody_without_an_account_gets_in_or_learns_which_accounts_exist(conf: NodeConf) -> None:
    for user in ("stranger", "petrov", "city"):
        with Phone(OPERATOR, conf, user) as phone:
            answer = phone.answer_to("INVITE", "88001000001")
        assert answer.startswith("SIP/2.0 401")
        assert "Asterisk" not in answer


@pytest.mark.usefixtures("asterisk")
def test_the_engine_sees_a_phone_come_and_may_do_no_more_than_it_needs(conf: NodeConf) -> None:
    with Console(conf) as ami:
        ami.ask("Action: Login", "Username: ekc", f"Secret: {conf.ami_password}")
        ami.wait_for("Authentication accepted")
        with Phone(OPERATOR, conf, "orlov") as phone:
            registered = phone.with_password("REGISTER", "", "PASSWORD-OF-orlov")
        assert registered.startswith(("SIP/2.0 200", "OPTIONS")), registered
        ami.wait_for("Event: ContactStatus")
        ami.wait_for("AOR: orlov")
        ami.ask("Action: PJSIPShowContacts")
        ami.wait_for("Event: ContactList")
        ami.ask("Action: Reload", "Module: res_pjsip.so")
        ami.wait_for("Module Reloaded")
        for forbidden in ("Originate", "Command", "UpdateConfig", "Redirect"):
            ami.ask(f"Action: {forbidden}", "ActionID: f")
            ami.wait_for("ActionID: f")
            assert "Permission denied" in ami.line()


def test_two_thousand_operators_boot_within_five_seconds(tmp_path: Path) -> None:
    phones = tuple(
        PhoneConf(
            account=f"phone{number}",
            name=f"Оператор {number}",
            password=f"password-{number}",
            contact="sip:127.0.0.1:9",
            fallback_penalty=0,
        )
        for number in range(2000)
    )
    crowded = replace(sample_conf(tmp_path), phones=phones, supervisors=())
    write_folder(crowded, render(crowded))
    with running_asterisk(crowded.folder, Runtime.find()) as asterisk:
        assert asterisk.boot_time < timedelta(seconds=5)
        # 2,000 device states appear in one moment; Asterisk says so and catches up.
        assert [line for line in asterisk.warnings() if "scheduled tasks" not in line] == []
        assert "2000" in asterisk.command("pjsip show aors").splitlines()[-2]


def test_a_sites_own_files_are_taken_in_and_survive_rendering(
    conf: NodeConf, tmp_path: Path
) -> None:
    node = replace(sample_conf(tmp_path), phones=conf.phones)
    site = node.folder / "etc" / "site"
    site.mkdir(parents=True)
    (site / "modules-lab.conf").write_text("load = app_dial.so\nload = app_queue.so\n")
    (site / "queues-lab.conf").write_text("[lab]\nstrategy = ringall\nmember => PJSIP/ivanova\n")
    (site / "extensions-lab.conf").write_text("[lab]\nexten => _X.,1,Dial(PJSIP/ivanova)\n")
    (site / "pjsip-lab.conf").write_text(
        "[lab](operator-endpoint)\naors = lab\n[lab](operator-phone)\ncontact = sip:127.0.0.1:9\n"
    )
    write_folder(node, render(node))
    with running_asterisk(node.folder, Runtime.find()) as asterisk:
        assert "PJSIP/ivanova" in asterisk.command("queue show lab")
        assert "Dial(PJSIP/ivanova)" in asterisk.command("dialplan show lab")
        assert "sip:127.0.0.1:9" in asterisk.command("pjsip show endpoint lab")
        assert asterisk.warnings() == []


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGKILL])
def test_asterisk_never_outlives_who_started_it(
    tmp_path: Path, signal_sent: signal.Signals
) -> None:
    conf = sample_conf(tmp_path)
    write_folder(conf, render(conf))
    starter = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "from lab.asterisk import running_asterisk\n"
        "from lab.runtime import Runtime\n"
        "with running_asterisk(Path(sys.argv[1]), Runtime.find()) as asterisk:\n"
        "    print(asterisk.pid, flush=True)\n"
        "    signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter, str(conf.folder)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as starting:
        assert starting.stdout is not None
        gone = os.pidfd_open(int(starting.stdout.readline()))
        starting.send_signal(signal_sent)
    readable, _, _ = select.select([gone], [], [], PATIENCE.total_seconds())
    os.close(gone)
    assert readable, "Asterisk still runs"
