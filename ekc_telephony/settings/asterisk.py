"""
From the settings of a node to what its Asterisk is rendered from.

The seam between `ekc.yaml` and `adapters/asterisk_conf`, which knows nothing of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.asterisk_conf.conf import (
    Installation,
    Listener,
    NodeConf,
    PhoneConf,
    SupervisorPhoneConf,
    TrunkConf,
)
from ekc_telephony.adapters.asterisk_conf.secrets import Secrets
from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.kernel.ids import AgentId
from ekc_telephony.settings.models import ControlEndpoint, Endpoint, Settings
from ekc_telephony.settings.phones import AUTO_ANSWER


def outside_endpoints(settings: Settings) -> dict[str, str]:
    """Return how Asterisk dials each number outside that callers may be sent on to."""
    address_of = {trunk.name: trunk.addresses[0] for trunk in settings.trunks}
    return {
        each.number: f"PJSIP/{each.trunk}/sip:{each.number}@{address_of[each.trunk]}"
        for each in settings.outside
    }


def auto_answer_headers(settings: Settings) -> dict[AgentId, tuple[str, str]]:
    """Return the header, with its value, that makes each operator's phone answer by itself."""
    told = {
        operator.account: AUTO_ANSWER[operator.phone]
        for operator in settings.operators
        if operator.auto_answer and operator.phone is not None
    }
    return {AgentId(account): (each.header, each.value) for account, each in told.items()}


ARI_APP: Final = "ekc"
"""The engine's ARI application; one engine owns it."""

FALLBACK_WAIT: Final = timedelta(minutes=5)
"""A guess, to be mended by what is measured: who waits longer is better off with a promise."""
FALLBACK_WRAP_UP: Final = timedelta(seconds=10)
"""Without the engine nobody can end it early, and callers are many."""

_FALLBACK_PENALTIES: Final = {Line.FIRST: 0, Line.SECOND: 10}

_GOLDEN_FOLDER: Final = Path("/var/lib/ekc/asterisk")
_GOLDEN_SOUNDS: Final = Path("/usr/share/ekc/sounds")
_GOLDEN_STATE: Final = Path("/var/lib/ekc")
_GOLDEN_INSTALLATION: Final = Installation(
    modules=Path("/usr/lib/asterisk/modules"), shipped=Path("/usr/share/asterisk")
)


def node_conf(settings: Settings, secrets: Secrets, *, installation: Installation) -> NodeConf:
    """Return what to render for `settings`; the secrets hold every phone's password."""
    asterisk = settings.asterisk
    return NodeConf(
        node=settings.node,
        app=ARI_APP,
        folder=settings.asterisk_folder,
        installation=installation,
        sounds=settings.sounds,
        rendered_sounds=settings.rendered_sounds,
        studio=settings.studio_sounds,
        sip=_listener(asterisk.sip),
        ari=_listener(asterisk.ari),
        ami=_listener(asterisk.ami),
        rtp_first=asterisk.rtp.first,
        rtp_last=asterisk.rtp.last,
        ari_password=secrets.ari,
        ami_password=secrets.ami,
        guard_password=secrets.guard,
        qualify_every=asterisk.sip.qualify_every,
        has_transfer_button=asterisk.transfer_button,
        trunks=tuple(
            TrunkConf(
                name=trunk.name,
                addresses=tuple(map(str, trunk.addresses)),
                codecs=tuple(codec.value for codec in trunk.codecs),
                asks_after_calls=trunk.asks_after_calls,
            )
            for trunk in settings.trunks
        ),
        phones=tuple(
            PhoneConf(
                account=operator.account,
                name=operator.name,
                password=secrets.operators[operator.account],
                contact=operator.contact,
                fallback_penalty=_FALLBACK_PENALTIES[operator.line],
            )
            for operator in settings.operators
        ),
        supervisors=tuple(
            SupervisorPhoneConf(
                account=supervisor.account,
                name=supervisor.name,
                password=secrets.operators[supervisor.account],
                contact=supervisor.contact,
            )
            for supervisor in settings.supervisors
        ),
        music_classes=tuple(sorted({queue.music for queue in settings.queues} - {"default"})),
        fallback_wait=FALLBACK_WAIT,
        fallback_wrap_up=FALLBACK_WRAP_UP,
    )


def golden_conf(settings: Settings) -> NodeConf:
    """Return what the golden files are rendered from: no real password, no path of this machine."""
    placeholders = Secrets(
        ari="ARI-PASSWORD",
        ami="AMI-PASSWORD",
        guard="GUARD-PASSWORD",
        api="API-KEY",
        journal=b"",
        operators={account: f"PASSWORD-OF-{account}" for account in settings.accounts},
    )
    conf = node_conf(settings, placeholders, installation=_GOLDEN_INSTALLATION)
    return replace(
        conf,
        folder=_GOLDEN_FOLDER,
        sounds=_GOLDEN_SOUNDS,
        rendered_sounds=_GOLDEN_STATE / "sounds",
        studio=_GOLDEN_STATE / "studio",
    )


def _listener(endpoint: Endpoint | ControlEndpoint) -> Listener:
    return Listener(bind=str(endpoint.bind), port=endpoint.port)
