"""
A small Asterisk of its own for the adapters' tests: loopback only, in a temporary folder.

It is deliberately poorer than the configuration that `ekc conf render` writes: these tests are
about what Asterisk says on ARI and AMI, and they must stand when the shipped configuration changes.
Agents have static contacts, so a scripted phone (`sip_phone.py`) is reachable without registering;
the account `roaming` has none and registers, `absent` has none and never does.

Rule 1: every rig takes a block of 100 ports of its own; two test processes never meet.
Rule 2: the rig ends what it started, by its own process object.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab.waiting import PATIENCE

PATIENCE_S: Final = PATIENCE.total_seconds()
PROJECT: Final = Path(__file__).resolve().parents[3]
TREE: Final = Path(os.environ.get("EKC_ASTERISK_TREE", PROJECT / ".runtime" / "asterisk"))
"""Where an Asterisk is unpacked; `make setup` puts one into `.runtime/asterisk`."""

FIRST_BLOCK: Final = 12000
LAST_BLOCK: Final = 12900
"""Below the blocks of whole nodes (`lab.ports`)."""
NAME: Final = "ekc"
"""ARI and AMI user name, and the application."""
SECRET: Final = "rig-secret"

_MODULES: Final = """
res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_crypto
res_http_websocket res_websocket_client res_musiconhold pbx_config
codec_alaw codec_ulaw codec_resample format_wav format_pcm format_sln res_pjproject res_rtp_asterisk
res_geolocation res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_pjsip_pubsub
res_pjsip_authenticator_digest res_pjsip_endpoint_identifier_user res_pjsip_endpoint_identifier_ip
res_pjsip_registrar res_pjsip_caller_id res_pjsip_rfc3326 res_pjsip_header_funcs chan_pjsip
chan_bridge_media bridge_simple bridge_softmix bridge_holding res_stasis res_stasis_answer
res_stasis_playback res_stasis_recording res_stasis_snoop res_stasis_device_state res_ari
res_ari_model res_ari_applications res_ari_asterisk res_ari_bridges res_ari_channels
res_ari_endpoints res_ari_events res_ari_playbacks res_ari_recordings app_stasis app_dial
app_playback app_echo app_senddtmf app_verbose app_userevent func_callerid func_channel func_logic
func_strings func_hangupcause
"""

_EMPTY: Final = (
    "acl geolocation pjproject websocket_client chan_websocket udptl ccss features cdr cel"
)

_EXTENSIONS: Final = """
[citizen]
exten => 880,1,Answer()
 same => n,Wait(60)
exten => 881,1,Answer()
 same => n,Wait(0.5)
 same => n,SendDTMF(12#,50,50)
 same => n,Wait(60)
[arrival]
exten => _X.,1,Stasis(ekc,inbound,${EXTEN})
 same => n,Hangup()
exten => _[+]X.,1,Stasis(ekc,inbound,${EXTEN})
 same => n,Hangup()
[agents]
exten => _*X.,1,Stasis(ekc,feature,${CHANNEL(endpoint)},${EXTEN})
 same => n,Hangup()
[fallback]
exten => s,1,Answer()
 same => n,Wait(1)
 same => n,Hangup()
exten => _X.,1,Goto(s,1)
"""


@dataclass(kw_only=True)
class AsteriskRig:
    """One running Asterisk and where to reach it."""

    folder: Path
    first_port: int
    agents: tuple[str, ...] = ("agent1", "agent2", "agent3")
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def ari_url(self) -> str:
        """The base address of ARI."""
        return f"http://127.0.0.1:{self.first_port + 1}/ari"

    @property
    def ami_port(self) -> int:
        """The AMI port."""
        return self.first_port + 2

    @property
    def sip_port(self) -> int:
        """The SIP port (UDP)."""
        return self.first_port

    def phone_port(self, agent: str) -> int:
        """Return the port where the static contact of the agent points."""
        return self.first_port + 10 + self.agents.index(agent)

    def start(self) -> None:
        """
        Start Asterisk and wait until it has booted.

        Raises:
            RuntimeError: It did not boot in time.
        """
        library = next((TREE / "usr/lib").glob("*-linux-gnu"))
        loader = next(library.glob("ld-linux*.so.*"))
        self._command = [
            *(str(loader), "--library-path", str(library), str(TREE / "usr/sbin/asterisk")),
            *("-C", str(self.folder / "etc/asterisk.conf")),
        ]
        with (self.folder / "stderr.txt").open("ab") as complaints:
            self._process = subprocess.Popen(
                [*self._command, "-f"], stdout=subprocess.DEVNULL, stderr=complaints
            )
        moment = time.monotonic() + PATIENCE_S
        while "fully booted" not in self.console("core waitfullybooted"):
            if time.monotonic() > moment or self._process.poll() is not None:
                raise RuntimeError(f"Asterisk did not boot in {PATIENCE_S:g} s; see {self.folder}.")

    def console(self, command: str) -> str:
        """Run a console command and return what it printed."""
        answer = subprocess.run(
            [*self._command, "-rx", command], capture_output=True, check=False, timeout=PATIENCE_S
        )
        return answer.stdout.decode(errors="replace")

    def kill(self) -> None:
        """End Asterisk as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let Asterisk hang without closing a connection; return when it does."""
        self._signal(signal.SIGSTOP)
        while self._process is not None and self._stat()[0] != "T":
            time.sleep(0.001)

    def thaw(self) -> None:
        """Let a frozen Asterisk go on."""
        self._signal(signal.SIGCONT)

    def revive(self) -> None:
        """Let Asterisk run, whatever the test before did to it."""
        if self._process is None:
            self.start()
        self.thaw()

    def _stat(self) -> list[str]:
        """Return the fields of proc(5) that follow the program's name."""
        assert self._process is not None
        text = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        return text.rpartition(")")[2].split()

    def _signal(self, which: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(which)

    def cpu_seconds(self) -> float:
        """Return the processor time that Asterisk has used so far."""
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running_asterisk(folder: Path) -> Iterator[AsteriskRig]:
    """Boot an Asterisk in the folder and end it afterwards."""
    if not TREE.is_dir():
        raise RuntimeError(f"There is no Asterisk in {TREE}. Run `make setup` first.")
    with _own_block() as first_port:
        rig = AsteriskRig(folder=folder, first_port=first_port)
        _write_configuration(rig)
        try:
            rig.start()
            yield rig
        finally:
            rig.thaw()
            rig.kill()


@contextmanager
def _own_block() -> Iterator[int]:
    """Own a block of ports, also while Asterisk is down: its last port is bound and means that."""
    for block in range(FIRST_BLOCK, LAST_BLOCK + 1, 100):
        with socket.socket() as flag:
            try:
                flag.bind(("127.0.0.1", block + 99))
            except OSError:
                continue
            yield block
            return
    raise RuntimeError(f"No free block of ports between {FIRST_BLOCK} and {LAST_BLOCK + 99}.")


def _write_configuration(rig: AsteriskRig) -> None:
    folder, port = rig.folder, rig.first_port
    for name in ("etc", "var", "key/keys", "spool/recording", "run", "log", "data", "cache"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    share = TREE / "usr/share/asterisk"
    for name in ("documentation", "rest-api"):
        if not (folder / "data" / name).exists():
            (folder / "data" / name).symlink_to(share / name)
    _install_sounds(folder / "data")
    etc = folder / "etc"
    for name in _EMPTY.split():
        (etc / f"{name}.conf").write_text("")
    modules = next((TREE / "usr/lib").glob("*-linux-gnu")) / "asterisk/modules"
    texts = {
        "asterisk": f"""[directories]
astetcdir => {etc}\nastmoddir => {modules}\nastvarlibdir => {folder}/var\nastdbdir => {folder}/var
astkeydir => {folder}/key\nastdatadir => {folder}/data\nastagidir => {folder}/var
astspooldir => {folder}/spool\nastrundir => {folder}/run\nastlogdir => {folder}/log
astcachedir => {folder}/cache
[options]\nverbose = 3\nnocolor = yes\nsystemname = ekc\ndefaultlanguage = ru
hideconnect = yes\n""",
        "modules": "[modules]\nautoload = no\n"
        + "".join(f"load = {m}.so\n" for m in _MODULES.split()),
        "logger": "[general]\ndateformat = %F %T.%3q\n"
        "[logfiles]\nfull = notice,warning,error,verbose\n",
        "http": f"[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {port + 1}\n"
        "sessionlimit = 200\nsession_keep_alive = 60000\nsession_inactivity = 60000\n",
        "ari": f"[general]\nenabled = yes\nwebsocket_write_timeout = 1000\n"
        f"[{NAME}]\ntype = user\npassword = {SECRET}\n",
        "manager": f"[general]\nenabled = yes\nwebenabled = no\nport = {port + 2}\n"
        f"bindaddr = 127.0.0.1\n[{NAME}]\nsecret = {SECRET}\nread = system\n"
        "write = system\nwritetimeout = 1000\n"
        "eventfilter(action(exclude),name(TestEvent)) =\n",
        "pjsip": _pjsip(rig),
        "rtp": f"[general]\nrtpstart = {port + 40}\nrtpend = {port + 98}\n",
        "musiconhold": "[default]\nmode = files\ndirectory = moh\n",
        "indications": "[general]\ncountry = us\n[us]\ndescription = tones\n"
        "ringcadence = 2000,4000\n"
        "dial = 350+440\nbusy = 480+620/500,0/500\nring = 440+480/2000,0/4000\n"
        "congestion = 480+620/250,0/250\n",
        "extensions": _EXTENSIONS,
    }
    for name, text in texts.items():
        (etc / f"{name}.conf").write_text(text)


def _pjsip(rig: AsteriskRig) -> str:
    text = (
        "[global]\ntype = global\n[udp]\ntype = transport\nprotocol = udp\n"
        f"bind = 127.0.0.1:{rig.sip_port}\n"
    )
    for agent in rig.agents:
        text += _endpoint(agent) + (
            f"[{agent}]\ntype = aor\ncontact = sip:{agent}@127.0.0.1:{rig.phone_port(agent)}\n"
        )
    return (
        text
        + _endpoint("roaming")
        + "[roaming]\ntype = aor\nmax_contacts = 1\nremove_existing = yes\n"
        + _endpoint("absent")
        + "[absent]\ntype = aor\nmax_contacts = 1\n"
    )


def _endpoint(account: str) -> str:
    return (
        f"[{account}]\ntype = endpoint\ncontext = agents\ndisallow = all\nallow = alaw\n"
        f"aors = {account}\nsend_rpid = no\n"
    )


def _install_sounds(folder: Path) -> None:
    """Put one second of silence where the prompts `good` and `long` (10 s) are looked for."""
    sounds = folder / "sounds" / "ekc"
    sounds.mkdir(parents=True, exist_ok=True)
    (folder / "moh").mkdir(exist_ok=True)
    for path, seconds in ((sounds / "good", 0.2), (sounds / "long", 10), (folder / "moh/hold", 5)):
        path.with_suffix(".alaw").write_bytes(b"\xd5" * int(8000 * seconds))
    shutil.copy(sounds / "good.alaw", sounds / "second.alaw")
