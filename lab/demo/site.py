"""
The demo's own installation, made from the sample `ekc.yaml` in a scratch folder.

What is changed, and why, is said in `CHANGES`, which the demo prints: it must work at any hour of
any day, and be over in two minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from ekc_telephony.settings.models import Settings
from lab.node import Document, write_site
from lab.ports import PortBlock
from lab.runtime import PROJECT

OPEN_NUMBER: Final = "88001000001"
CLOSED_NUMBER: Final = "88001000002"
UNKNOWN_NUMBER: Final = "88001009999"
"""Nobody serves it."""

SOFTPHONE: Final = "citizen"
"""An account for a person's softphone that calls as citizens do; `KEEP=1` tells its password."""

_TIMES: Final = {"ring_time": "5s", "announce_every": "12s"}
_WRAP_UPS: Final = {"first": "2s", "second": "6s"}
"""By line."""
CHANGES: Final = (
    "Times are shortened: a phone rings 5 s (not 20), wrap-up is 2 s on the first line and 6 s on\n"
    "the second (not 30 and 60), places are announced every 12 s (not 45).\n"
    f"{OPEN_NUMBER} is open round the clock, {CLOSED_NUMBER} always closed, whatever day it is."
)

_OPEN: Final = {"mon-sun": ["00:00-24:00"]}
_CLOSED: Final[dict[str, list[str]]] = {"mon-sun": []}
_SCRIPTS: Final = {"hotline": "demo_open", "hotline_closed": "demo_closed"}
"""Script → its schedule."""


def write_demo_site(folder: Path, *, ports: PortBlock) -> Path:
    """Write `ekc.yaml` and the scripts, and return the path of the former."""
    _write_scripts(folder / "scripts")
    return write_site(folder, ports=ports, change=_change)


def add_softphone(settings: Settings, password: str) -> None:
    """Let a softphone of this machine call as citizens do, with a site's own Asterisk settings."""
    site = settings.asterisk_folder / "etc" / "site"
    site.mkdir(parents=True, exist_ok=True)
    file = site / "pjsip-softphone.conf"
    file.touch(mode=0o600)
    file.write_text(_SOFTPHONE.format(account=SOFTPHONE, password=password), encoding="utf-8")


def _change(document: Document) -> None:
    document["scripts"] = "scripts"
    document["numbers"] = [
        {"did": OPEN_NUMBER, "script": "hotline"},
        {"did": CLOSED_NUMBER, "script": "hotline_closed"},
    ]
    for name, weekly in (("demo_open", _OPEN), ("demo_closed", _CLOSED)):
        document["schedules"][name] = {
            "time_zone": "Europe/Moscow",
            "weekly": weekly,
            "holidays": "none",
        }
    for queue in document["queues"]:
        queue.update(_TIMES, wrap_up=_WRAP_UPS[queue["line"]])


def _write_scripts(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    yaml = YAML()
    for name, schedule in _SCRIPTS.items():
        script: dict[str, Any] = yaml.load(PROJECT / "ivr_scripts" / "hotline.yaml")
        script["nodes"]["working_hours"]["schedule"] = schedule
        yaml.dump(script, folder / f"{name}.yaml")


_SOFTPHONE: Final = """; Made by the demo for a person's softphone: it calls as a citizen does.
[{account}]
type = endpoint
transport = transport-udp
context = from-trunk
identify_by = auth_username,username
disallow = all
allow = alaw,ulaw
dtmf_mode = rfc4733
direct_media = no
rtp_symmetric = yes
force_rport = yes
rewrite_contact = yes
language = ru
auth = {account}
aors = {account}
callerid = "Softphone" <+79000000000>

[{account}]
type = auth
auth_type = digest
username = {account}
password = {password}

[{account}]
type = aor
max_contacts = 1
remove_existing = yes
"""
