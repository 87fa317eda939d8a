"""
The installation that is measured: an `ekc.yaml` of its own, and what Asterisk's other targets need.

The engine's part is ordinary: one number, one script that is just `enqueue`, one queue without
wrap-up, N operators with phones at fixed addresses. What `Dial()` and `app_queue` need beside it
goes into the site folder of the rendered configuration, as a site's own additions would.

Callers come from 127.0.0.2, because an endpoint known by its address goes before one known by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from ruamel.yaml import YAML
from typing_extensions import override

from lab.bench.plan import Target
from lab.ports import PortBlock
from lab.runtime import PROJECT

CALLER_ADDRESS: Final = "127.0.0.2"
QUEUE: Final = "bench"
_NUMBERS: Final = {Target.APP_QUEUE: "60", Target.ENGINE: "88009"}


@dataclass(frozen=True, slots=True)
class Ports(PortBlock):
    """Every port of a run, SIPp's too; four times as many as an ordinary node has."""

    width: ClassVar[int] = 4000

    @property
    @override
    def rtp(self) -> tuple[int, int]:
        """Asterisk's first and last: 800 legs, five times what is used at 150 calls a second."""
        return self.first + 200, self.first + 1799

    @property
    def callers(self) -> SippPorts:
        """SIPp in the role of the citizens."""
        return SippPorts(sip=self.first + 62, media=self.first + 100, control=self.first + 110)

    @property
    def operators(self) -> SippPorts:
        """SIPp in the role of the operators' phones."""
        return SippPorts(sip=self.first + 64, media=self.first + 120, control=self.first + 130)


@dataclass(frozen=True, slots=True, kw_only=True)
class SippPorts:
    """What one SIPp listens on."""

    sip: int
    media: int
    """The first of a few."""
    control: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One installation in a scratch folder."""

    folder: Path
    operators: int
    ports: Ports

    @property
    def config(self) -> Path:
        """The `ekc.yaml`."""
        return self.folder / "ekc.yaml"

    @property
    def asterisk(self) -> Path:
        """Asterisk's folder."""
        return self.folder / "asterisk"

    @property
    def state(self) -> Path:
        """The engine's folder, with the store."""
        return self.folder / "state"

    def accounts(self) -> Iterator[str]:
        """Yield the operators' SIP accounts."""
        return (f"op{number:05}" for number in range(1, self.operators + 1))

    def dialled(self, target: Target) -> tuple[str, ...]:
        """Return the numbers that callers of a target dial, in turn."""
        if target is Target.DIAL:
            return tuple(f"7{account.removeprefix('op')}" for account in self.accounts())
        return (_NUMBERS[target],)

    def write(self) -> None:
        """Write the configuration, the script, and Asterisk's additions."""
        scripts = self.folder / "scripts"
        scripts.mkdir(parents=True)
        yaml = YAML(typ="safe")
        yaml.allow_unicode = True
        yaml.dump(self._settings(), self.config)
        yaml.dump(_SCRIPT, scripts / f"{QUEUE}.yaml")
        additions = self.asterisk / "etc" / "site"
        additions.mkdir(parents=True)
        (additions / "modules-bench.conf").write_text(_MODULES)
        (additions / "extensions-bench.conf").write_text(_EXTENSIONS)
        (additions / "queues-bench.conf").write_text(self._queues())

    def _settings(self) -> dict[str, Any]:
        ports = self.ports
        return {
            "node": "bench",
            "state": str(self.state),
            "scripts": str(self.folder / "scripts"),
            "sounds": str(PROJECT / "sounds"),
            "asterisk": {
                "root": str(PROJECT / ".runtime" / "asterisk"),
                "folder": str(self.asterisk),
                "sip": {"port": ports.sip},
                "rtp": {"first": ports.rtp[0], "last": ports.rtp[1]},
                "ari": {"port": ports.ari},
                "ami": {"port": ports.ami},
            },
            "http": {"port": ports.http},
            "trunks": [{"name": "city", "addresses": [CALLER_ADDRESS], "codecs": ["alaw"]}],
            "numbers": [{"did": did, "script": QUEUE} for did in self.dialled(Target.ENGINE)],
            "skills": [{"name": name, "title": name} for name in ("topic", "language")],
            "queues": [_QUEUE],
            "operators": [self._operator(account) for account in self.accounts()],
            "service_level": {"target": "20s", "formula": "abandons_count"},
        }

    def _operator(self, account: str) -> dict[str, Any]:
        return {
            "account": account,
            "name": f"Оператор {account}",
            "line": "first",
            "skills": {"topic": 1 + int(account[-1]), "language": 9},
            "initial_presence": "ready",
            "contact": f"sip:{account}@127.0.0.1:{self.ports.operators.sip}",
        }

    def _queues(self) -> str:
        everybody = "".join(f"member => PJSIP/{account}\n" for account in self.accounts())
        return _APP_QUEUE + everybody


_SCRIPT: Final = {
    "entry": "queue",
    "nodes": {"queue": {"kind": "enqueue", "queue": QUEUE, "answer": "with_agent"}},
}
_QUEUE: Final = {
    "id": QUEUE,
    "title": "Bench",
    "line": "first",
    "skills": {"topic": 1, "language": 5},
    "ring_time": "20s",
    "wrap_up": "0s",
    "after_refusal": "5s",
    "announce_every": "30s",
    "announce_wait": True,
    "ease": [
        {"after": "10s", "skills": {"language": 3}},
        {"after": "20s", "skills": {}, "line": "any"},
    ],
    "overflow": [{"when": "waited", "after": "60s", "to": "callback"}],
    "keys": {"1": "callback"},
    "keep_place": "3m",
    "record": False,
    "when_no_agents": "wait",
}
# Everybody has the skills: what is measured is what asking for them, easing and announcing cost.
_MODULES: Final = "load = app_dial.so\nload = app_queue.so\n"
_EXTENSIONS: Final = f"""; 7 and an operator: bare Dial(). {_NUMBERS[Target.APP_QUEUE]}: app_queue.
[from-trunk](+)
exten => _7XXXXX,1,Dial(PJSIP/op${{EXTEN:1}})
exten => {_NUMBERS[Target.APP_QUEUE]},1,Queue({QUEUE},r)
"""
# `leastrecent` is our «longest idle first»; `ringinuse` and `autofill` as every contact centre has
# them. The option `r` above lets the caller hear ringing, unanswered, as our script does.
_APP_QUEUE: Final = f"""[{QUEUE}]
strategy = leastrecent
ringinuse = no
autofill = yes
timeout = 20
retry = 1
wrapuptime = 0
joinempty = yes
announce-frequency = 0
announce-position = no
"""
