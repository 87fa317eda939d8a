"""
What agents say about themselves, and what is known of their phones.

Everything here ends at the ACD. What an agent asks for the caller he talks to is in
`talk_requests.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ekc_telephony.core.acd.messages import (
    ElsewhereChanged,
    MoreWrapUpAsked,
    PresenceSet,
    ReachabilityChanged,
    WrapUpDeclaredOver,
)
from ekc_telephony.core.call.commands import HangUpCause, HangUpLeg
from ekc_telephony.core.call.events import (
    FeatureDialled,
    PhoneLost,
    PhoneReached,
    PhonesElsewhere,
    PresenceDeclared,
    WrapUpDeclared,
    WrapUpWish,
)
from ekc_telephony.core.engine.ear import Ear
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.features import answer_feature_code
from ekc_telephony.core.engine.switchboard import Handlers, Switchboard
from ekc_telephony.core.engine.talk_requests import code_dialled, colleague_dialled
from ekc_telephony.core.engine.transfer_codes import wish_of
from ekc_telephony.core.kernel.ids import CallId


def phones_elsewhere(board: Switchboard, event: PhonesElsewhere, now: datetime) -> list[Effect]:
    """Note which agents' phones are busy with calls that are not ours."""
    effects: list[Effect] = []
    for agent in board.acd.agents.values():
        is_elsewhere = agent.agent_id in event.agents
        if is_elsewhere != agent.is_elsewhere:
            board.touched_agents[agent.agent_id] = None
            changed = ElsewhereChanged(agent=agent.agent_id, is_elsewhere=is_elsewhere)
            effects += board.ask_acd(changed, now)
    return effects


def _feature_dialled(board: Switchboard, event: FeatureDialled, now: datetime) -> list[Effect]:
    """Do what the operator asks for, and confirm it."""
    call = CallId(event.leg)
    if event.agent not in board.acd.agents:
        return [HangUpLeg(call=call, leg=event.leg, cause=HangUpCause.UNKNOWN_NUMBER)]
    if (target := board.plan.directory.find(event.code, board.acd)) is not None:
        return colleague_dialled(board, event, target, now)
    if (wish := wish_of(board.plan.feature_codes.transfers, event.code)) is not None:
        return code_dialled(board, event, wish, now)
    may_extend = board.acd.may_extend_wrap_up(event.agent)
    answer = answer_feature_code(
        board.plan.feature_codes, event.agent, event.code, may_extend=may_extend
    )
    # While he listens his phone is busy: what may bring him a call waits until he has hung up.
    board.features[event.leg] = answer.event if answer.makes_available else None
    board.features_touched = True
    effects: list[Effect] = [*Ear(call, event.leg).say(answer.prompts, now)]
    if answer.event is not None and not answer.makes_available:
        effects += board.ask_acd(answer.event, now)
    return effects


def _presence_declared(board: Switchboard, event: PresenceDeclared, now: datetime) -> list[Effect]:
    if event.agent not in board.acd.agents:
        return []
    declared = PresenceSet(agent=event.agent, presence=event.presence, reason=event.reason)
    return board.ask_acd(declared, now)


def _wrap_up_declared(board: Switchboard, event: WrapUpDeclared, now: datetime) -> list[Effect]:
    if event.agent not in board.acd.agents:
        return []
    if event.wish is WrapUpWish.EXTEND:
        return board.ask_acd(MoreWrapUpAsked(agent=event.agent), now)
    return board.ask_acd(WrapUpDeclaredOver(agent=event.agent), now)


def _phone_reached(board: Switchboard, event: PhoneReached, now: datetime) -> list[Effect]:
    return _reachability(board, ReachabilityChanged(agent=event.agent, is_reachable=True), now)


def _phone_lost(board: Switchboard, event: PhoneLost, now: datetime) -> list[Effect]:
    return _reachability(board, ReachabilityChanged(agent=event.agent, is_reachable=False), now)


def _reachability(board: Switchboard, event: ReachabilityChanged, now: datetime) -> list[Effect]:
    return board.ask_acd(event, now) if event.agent in board.acd.agents else []


HANDLERS: Final[Handlers] = {
    FeatureDialled: _feature_dialled,
    PresenceDeclared: _presence_declared,
    WrapUpDeclared: _wrap_up_declared,
    PhoneReached: _phone_reached,
    PhoneLost: _phone_lost,
    PhonesElsewhere: phones_elsewhere,
}
