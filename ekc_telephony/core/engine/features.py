"""
What an operator can say with his phone: feature codes, and the confirmation he hears.

Rule 1: every code gets a spoken answer, an unknown one too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ekc_telephony.core.acd.messages import (
    AcdEvent,
    MoreWrapUpAsked,
    PresenceSet,
    WrapUpDeclaredOver,
)
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.engine.transfer_codes import TransferCodes
from ekc_telephony.core.kernel.ids import AgentId, PromptKey

_UNKNOWN_CODE: Final = (PromptKey("unknown-code"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureCodes:
    """The codes, as they are dialled: `*45`."""

    ready: str
    not_ready: Mapping[str, NotReadyReason]
    """Each code that means «not ready», with its reason."""
    signed_out: str
    end_of_wrap_up: str
    extend_wrap_up: str
    transfers: TransferCodes | None = None
    """None: nobody is sent on by a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureAnswer:
    """What a code means, and what the operator hears."""

    event: AcdEvent | None
    prompts: tuple[PromptKey, ...]

    @property
    def makes_available(self) -> bool:
        """Tell whether the operator may be offered a call as soon as the event is taken."""
        match self.event:
            case PresenceSet(presence=presence):
                return presence is Presence.READY
            case MoreWrapUpAsked():
                return False
            case _:
                return self.event is not None


def answer_feature_code(
    codes: FeatureCodes, agent: AgentId, dialled: str, *, may_extend: bool
) -> FeatureAnswer:
    """
    Return what the operator asked for by dialling this code.

    Args:
        codes: The codes.
        agent: Who dialled.
        dialled: What.
        may_extend: Whether he would get more time for his wrap-up.
    """
    if dialled == codes.ready:
        return _presence(agent, Presence.READY, None, "presence-ready")
    if dialled in codes.not_ready:
        reason = codes.not_ready[dialled]
        return _presence(agent, Presence.NOT_READY, reason, f"presence-not-ready-{reason.value}")
    if dialled == codes.signed_out:
        return _presence(agent, Presence.SIGNED_OUT, None, "presence-signed-out")
    if dialled == codes.end_of_wrap_up:
        return FeatureAnswer(
            event=WrapUpDeclaredOver(agent=agent), prompts=(PromptKey("wrap-up-ended"),)
        )
    if dialled == codes.extend_wrap_up:
        return _more_wrap_up(agent) if may_extend else _NO_MORE_WRAP_UP
    return FeatureAnswer(event=None, prompts=_UNKNOWN_CODE)


def _more_wrap_up(agent: AgentId) -> FeatureAnswer:
    event = MoreWrapUpAsked(agent=agent)
    return FeatureAnswer(event=event, prompts=(PromptKey("wrap-up-extended"),))


_NO_MORE_WRAP_UP: Final = FeatureAnswer(event=None, prompts=(PromptKey("wrap-up-not-extended"),))


def _presence(
    agent: AgentId, presence: Presence, reason: NotReadyReason | None, prompt: str
) -> FeatureAnswer:
    return FeatureAnswer(
        event=PresenceSet(agent=agent, presence=presence, reason=reason),
        prompts=(PromptKey(prompt),),
    )
