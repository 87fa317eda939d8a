"""
The demo's own installation, made from the sample `ekc.yaml` in a scratch folder.

What is changed, and why, is said in `CHANGES`, which the demo prints: it must work at any hour of
any day, and be over in two minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from ekc_telephony.settings.models import Settings
from lab.node import Document, write_site
from lab.ports import PortBlock
from lab.script_copies import Node, copy_script

OPEN_NUMBER: Final = "88001000001"
CLOSED_NUMBER: Final = "88001000002"
FEDERAL_NUMBER: Final = "88001000003"
REGIONAL_NUMBER: Final = "122"
UNKNOWN_NUMBER: Final = "88001009999"
"""Nobody serves it."""

SOFTPHONE: Final = "citizen"
"""An account for a person's softphone that calls as citizens do; `KEEP=1` tells its password."""

MOST_CALLS: Final = 34
"""More than the demo needs by day: those who wait for the first line, and all others."""

_TIMES: Final = {"ring_time": "5s", "announce_every": "12s"}
_WRAP_UPS: Final = {"first": "1s", "second": "6s"}
"""By line."""
CHANGES: Final = (
    "Times are shortened: a phone rings 5 s (not 20), wrap-up is 1 s on the first line and 6 s on\n"
    "the second (not 30 and 60), places are announced every 12 s (not 45).\n"
    f"{CLOSED_NUMBER} is always closed, the others are open round the clock, whatever day it is.\n"
    f"{MOST_CALLS} callers are let in at once; whoever comes beyond meets the overload script."
)

_OPEN: Final = {"mon-sun": ["00:00-24:00"]}
_CLOSED: Final[dict[str, list[str]]] = {"mon-sun": []}
_ENTRIES: Final = {
    OPEN_NUMBER: "hotline",
    CLOSED_NUMBER: "hotline_closed",
    FEDERAL_NUMBER: "federal",
    REGIONAL_NUMBER: "regional_122",
}
_BEYOND: Final = "overload"
_CALLED: Final = ("offices", "rating", "survey")
_ANSWERS_WITHIN: Final = "10s"
"""An information system of a busy machine."""


def write_demo_site(folder: Path, *, ports: PortBlock, url_of: Callable[[Document], str]) -> Path:
    """
    Write `ekc.yaml` and the scripts, and return the path of the former.

    Args:
        folder: Where everything of this node lives.
        ports: Its ports.
        url_of: Where the information system of a service of the sample is.
    """
    _write_scripts(folder / "scripts")

    def change(document: Document) -> None:
        _change(document)
        for service in document["services"]:
            service |= {"url": url_of(service), "timeout": _ANSWERS_WITHIN}

    return write_site(folder, ports=ports, change=change)


def add_softphone(settings: Settings, password: str) -> None:
    """Let a softphone of this machine call as citizens do, with a site's own Asterisk settings."""
    site = settings.asterisk_folder / "etc" / "site"
    site.mkdir(parents=True, exist_ok=True)
    file = site / "pjsip-softphone.conf"
    file.touch(mode=0o600)
    file.write_text(_SOFTPHONE.format(account=SOFTPHONE, password=password), encoding="utf-8")


def _change(document: Document) -> None:
    document["scripts"] = "scripts"
    document["numbers"] = [{"did": did, "script": name} for did, name in _ENTRIES.items()]
    document["admission"] = {"most_calls": MOST_CALLS, "script": _BEYOND}
    for name, weekly in (("demo_open", _OPEN), ("demo_closed", _CLOSED)):
        document["schedules"][name] = {
            "time_zone": "Europe/Moscow",
            "weekly": weekly,
            "holidays": "none",
        }
    for queue in document["queues"]:
        queue.update(_TIMES, wrap_up=_WRAP_UPS[queue["line"]])


def _write_scripts(folder: Path) -> None:
    """Copy the scripts that ship; only when they are open differs."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*_ENTRIES.values(), *_CALLED, _BEYOND):
        is_night = name == "hotline_closed"
        schedule = "demo_closed" if is_night else "demo_open"
        shipped = "hotline" if is_night else name
        copy_script(shipped, folder / f"{name}.yaml", change=partial(_open_by, schedule))


def _open_by(schedule: str, node: Node) -> None:
    if node["kind"] == "hours":
        node["schedule"] = schedule


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
