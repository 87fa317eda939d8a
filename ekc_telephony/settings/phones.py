"""
Which SIP header makes which phone answer a call by itself (auto-answer).

An operator with a headset need not press a key for every citizen: his phone answers as soon as the
call comes. RFC 5373 has a header for it (`Answer-Mode`), which no desk phone heeds; each maker has
its own. Every one of them must be allowed on the phone, too: whoever could send the header could
listen to a room.

Rule 1: nothing stands here without the document that says so; a phone that is not here is not
made to answer by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class PhoneModel(Enum):
    """Whose phone stands on the desk; models of one maker agree unless told otherwise."""

    YEALINK = "yealink"
    GRANDSTREAM = "grandstream"
    SNOM = "snom"
    MITEL = "mitel"
    AUDIOCODES = "audiocodes"
    GIGASET = "gigaset"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoAnswer:
    """How a phone is told to answer by itself."""

    header: str
    value: str
    allowed_by: str
    """What must be set on the phone, in its own words."""
    source: str
    """Where it is written."""


_ALERT: Final = "<http://127.0.0.1>;info=alert-autoanswer;delay=0"
"""The address is only there because RFC 3261 (20.4) wants one."""

AUTO_ANSWER: Final[Mapping[PhoneModel, AutoAnswer]] = {
    PhoneModel.YEALINK: AutoAnswer(
        header="Alert-Info",
        value="info=alert-autoanswer",
        allowed_by="Features > Intercom > Intercom Allow (whether it counts here is not said)",
        source="Yealink support, FAQ 546 «Intercom Auto Answer»; Administrator's Guide for "
        "SIP-T2/T4 Series, «Distinctive Ring Tones», «Auto Answer»",
    ),
    PhoneModel.GRANDSTREAM: AutoAnswer(
        header="Alert-Info",
        value=_ALERT,
        allowed_by="Account > Intercom Settings > Allow Auto Answer by Call-Info/Alert-Info = Yes "
        "(the default of GRP; No on GXP)",
        source="Grandstream, GRP2600 Administration Guide 1.0.5.15, «Intercom Settings»; "
        "GXP2130/2140/2160 Administration Guide 1.0.4.23, «Allow Auto Answer by Call-Info»",
    ),
    PhoneModel.SNOM: AutoAnswer(
        header="Alert-Info",
        value=_ALERT,
        allowed_by="Advanced > Behavior > Intercom Policy = idle (answer_after_policy; off since "
        "7.1.39)",
        source="Snom Service Hub, «Intercom - Paging feature» and «answer_after_policy»",
    ),
    PhoneModel.MITEL: AutoAnswer(
        header="Alert-Info",
        value=_ALERT,
        allowed_by="Preferences > Incoming Intercom Settings > Auto-Answer "
        "(sip allow auto answer: 1)",
        source="Aastra 53i, IP Phone Release Notes 2.1, «Support For Delay before Auto-Answer»",
    ),
    PhoneModel.AUDIOCODES: AutoAnswer(
        header="Alert-Info",
        value="info=alert-autoanswer",
        allowed_by="voip/auto_answer/enabled = 1",
        source="AudioCodes 310HD, Administrator's Manual, 22.6 «Configuring Automatic Answer»",
    ),
    PhoneModel.GIGASET: AutoAnswer(
        header="Alert-Info",
        value=_ALERT,
        allowed_by="Administration > Edit device > Call manager: accept call directly via headset",
        source="Gigaset PRO wiki, «FAQ - Auto-answer call»",
    ),
}
