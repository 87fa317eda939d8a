"""
What an agent asks for the caller he talks to: a colleague's advice, a transfer, a conference.

He asks by his phone's Transfer button (`TransferAsked`), by a code that he dials on a second line
(`FeatureDialled`) or types into the talk (`KeyPressed`), or by a program (`TransferOrdered`). Who
may be asked is in `transfer.py`; what becomes of it in `transferring.py` and `conference.py`.

Rule 1: every request of a phone's button is answered, exactly once.
Rule 2: a caller is sent nowhere in vain: whatever stands against it (`Obstacle`), nothing changes.
Rule 3: what a button asks for is answered, and its phone hung up on, in the leg's own lane of
commands: the phone must hear the answer before it is hung up on, and the caller waits for neither.
Rule 4: an agent hears a prompt on a second line only, where his caller does not hear it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Final, assert_never

from ekc_telephony.core.call.commands import (
    AnswerLeg,
    AnswerTransfer,
    HangUpCause,
    HangUpLeg,
    TransferResult,
)
from ekc_telephony.core.call.events import (
    FeatureDialled,
    KeyPressed,
    TransferAsked,
    TransferMode,
    TransferOrdered,
)
from ekc_telephony.core.call.presence import Activity
from ekc_telephony.core.engine import conference, transferring
from ekc_telephony.core.engine.ear import Ear
from ekc_telephony.core.engine.effects import Effect, SessionEffect
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.switchboard import Handlers, Switchboard
from ekc_telephony.core.engine.transfer import Target, ToAgent, ToQueue, adviser, can_be_had
from ekc_telephony.core.engine.transfer_codes import Wish
from ekc_telephony.core.kernel.ids import AgentId, CallId, LegId, PromptKey

DONE: Final = (PromptKey("transfer-done"),)
REFUSED: Final = (PromptKey("transfer-refused"),)


class Obstacle(Enum):
    """Why what an agent wants cannot be done; nothing changes then."""

    NOT_TALKING = "not_talking"
    """He talks to no caller, or has joined a colleague's talk."""
    NOBODY_HAS_IT = "nobody_has_it"
    """No operator, queue or allowed number outside is called so."""
    CANNOT_BE_HAD = "cannot_be_had"
    """Whom he wants is busy, on a break, signed out; or nobody serves the queue now."""
    ADVICE_GOES_ON = "advice_goes_on"
    """He asks a colleague already."""
    NO_ADVICE = "no_advice"
    """He asks no colleague, or the colleague has not answered yet."""
    CONFERENCE_GOES_ON = "conference_goes_on"
    """Two agents talk to the caller: one of them hangs up first."""


def obstacle_to(board: Switchboard, agent: AgentId, wish: Wish) -> Obstacle | None:
    """Return what stands against the wish of an agent; None when it can be done now."""
    session = session_of_talk(board, agent)
    if session is None:
        return Obstacle.NOT_TALKING
    return _obstacle(board, session, wish)


def _obstacle(board: Switchboard, session: Session, wish: Wish) -> Obstacle | None:
    if session.colleague is not None:
        return Obstacle.CONFERENCE_GOES_ON
    match wish.mode:
        case TransferMode.BLIND:
            return _obstacle_to_sending(board, session, _found(board, wish))
        case TransferMode.CONSULT:
            return _obstacle_to_asking(board, session, _found(board, wish))
        case TransferMode.HAND_OVER | TransferMode.CONFERENCE:
            return None if session.course.advice.is_given else Obstacle.NO_ADVICE
        case _:
            assert_never(wish.mode)


def _found(board: Switchboard, wish: Wish) -> Target | None:
    return board.plan.directory.find(wish.target, board.acd)


def _obstacle_to_sending(
    board: Switchboard, session: Session, target: Target | None
) -> Obstacle | None:
    if target is None:
        return Obstacle.NOBODY_HAS_IT
    # Some phones hand a caller to the colleague who is on the other line in this way, too.
    is_asked = session.adviser is not None and target == ToAgent(agent=session.adviser)
    is_placed = session.queue is not None or isinstance(target, ToQueue)
    if is_placed and (is_asked or can_be_had(target, board.acd)):
        return None
    return Obstacle.CANNOT_BE_HAD


def _obstacle_to_asking(
    board: Switchboard, session: Session, target: Target | None
) -> Obstacle | None:
    if target is None:
        return Obstacle.NOBODY_HAS_IT
    if session.advice is not None:
        return Obstacle.ADVICE_GOES_ON
    return Obstacle.CANNOT_BE_HAD if adviser(target, board.acd) is None else None


def session_of_talk(board: Switchboard, agent: AgentId) -> Session | None:
    """Return the session of the caller whom the agent talks to."""
    known = board.acd.agents.get(agent)
    call = None if known is None else known.call
    session = None if call is None else board.sessions.get(call)
    is_his = session is not None and session.bridge is not None and session.agent == agent
    return session if is_his else None


# --- what is done


def _grant(
    board: Switchboard, session: Session, wish: Wish, now: datetime, *, on: LegId | None = None
) -> list[Effect]:
    """
    Do what an agent wants, against which nothing stands.

    Args:
        board: Whose session.
        session: The caller's.
        wish: What he wants.
        now: The moment.
        on: His leg that goes on in a conference; that of the consultation if None.
    """
    effects = _granted(board, session, wish, now, on=on)
    board.lead(session.legs(), session)
    return board.settle(session, effects, now)


def _granted(
    board: Switchboard, session: Session, wish: Wish, now: datetime, *, on: LegId | None
) -> list[SessionEffect]:
    course = session.course
    talk, advice = course.desk.talk, course.advice.state
    assert talk is not None
    match wish.mode:
        case TransferMode.BLIND:
            target = _found(board, wish)
            assert target is not None
            effects = transferring.send_on(course, target, now, reason=wish.reason)
            return [*_hang_up(course.call, [talk.leg]), *effects]
        case TransferMode.CONSULT:
            target = _found(board, wish)
            asked = None if target is None else adviser(target, board.acd)
            assert asked is not None
            return transferring.advice_asked(course, talk.leg, asked, now)
        case TransferMode.HAND_OVER:
            assert advice is not None
            gone = dict.fromkeys((talk.leg, advice.asker_leg))
            effects = transferring.hand_over(course, now, reason=wish.reason)
            return [*_hang_up(course.call, gone), *effects]
        case TransferMode.CONFERENCE:
            assert advice is not None
            return conference.begin(course, on or advice.asker_leg, now, reason=wish.reason)
        case _:
            assert_never(wish.mode)


def _hang_up(call: CallId, legs: Iterable[LegId]) -> list[SessionEffect]:
    return [HangUpLeg(call=call, leg=leg) for leg in legs]


# --- the second line


def colleague_dialled(
    board: Switchboard, event: FeatureDialled, target: Target, now: datetime
) -> list[Effect]:
    """Ask a colleague for advice on the caller whom the operator talks to."""
    session = board.focus = session_of_talk(board, event.agent)
    asked = adviser(target, board.acd)
    is_free = session is not None and session.advice is None and session.colleague is None
    if session is None or not is_free or asked is None:
        call = CallId(event.leg)
        return [HangUpLeg(call=call, leg=event.leg, cause=HangUpCause.BUSY)]
    effects = transferring.advice_asked(session.course, event.leg, asked, now)
    board.lead(session.legs(), session)
    return board.settle(session, effects, now)


def code_dialled(
    board: Switchboard, event: FeatureDialled, wish: Wish, now: datetime
) -> list[Effect]:
    """Do what an operator asks for by a code that he dialled on another line."""
    session = board.focus = session_of_talk(board, event.agent)
    if session is None or _obstacle(board, session, wish) is not None:
        return _say(board, event.leg, REFUSED, now)
    if wish.mode is TransferMode.CONFERENCE:
        answered = AnswerLeg(call=session.call, leg=event.leg)
        return [answered, *_grant(board, session, wish, now, on=event.leg)]
    effects = _grant(board, session, wish, now)
    if board.acd.agents[event.agent].activity is Activity.WRAP_UP:
        return [*effects, *_say(board, event.leg, DONE, now)]
    # He may be rung for the next caller at once, so his line must be free.
    return [*effects, HangUpLeg(call=CallId(event.leg), leg=event.leg)]


def _say(
    board: Switchboard, leg: LegId, prompts: tuple[PromptKey, ...], now: datetime
) -> list[Effect]:
    board.features[leg] = None
    board.features_touched = True
    return [*Ear(CallId(leg), leg).say(prompts, now)]


# --- keys, programs, the button


def _key_pressed(board: Switchboard, event: KeyPressed, now: datetime) -> list[Effect]:
    """Take a key of the caller, of the agent who talks to him, or of a supervisor."""
    session = board.attend(event.leg)
    if session is None:
        return []
    if event.leg not in _askers_legs(session):
        effects = session.on_key(event.leg, event.key, now)
        board.lead(session.course.supervision.legs(), session)
        return board.settle(session, effects, now)
    codes = board.plan.feature_codes.transfers
    wish = session.course.keypad.press(event.key, now, leg=event.leg, codes=codes)
    if wish is None or _obstacle(board, session, wish) is not None:
        return []
    return _grant(board, session, wish, now, on=event.leg)


def _askers_legs(session: Session) -> list[LegId]:
    """Return the legs of the agent who talks to the caller."""
    talk, advice = session.course.desk.talk, session.advice
    legs = [] if talk is None else [talk.leg]
    return legs if advice is None else [*legs, advice.asker_leg]


def _other_legs(session: Session) -> list[LegId]:
    """Return the legs of colleagues and supervisors, on which nobody can send the caller on."""
    course = session.course
    return [*course.advice.legs(), *course.supervision.legs(), *course.desk.talking_legs()[1:]]


def _transfer_ordered(board: Switchboard, event: TransferOrdered, now: datetime) -> list[Effect]:
    """Do what a program asks for; whoever sent the event has asked before whether it can be."""
    session = board.focus = session_of_talk(board, event.agent)
    wish = Wish(mode=event.mode, target=event.target, reason=event.reason)
    if session is None or _obstacle(board, session, wish) is not None:
        return []
    return _grant(board, session, wish, now)


def _transfer_asked(board: Switchboard, event: TransferAsked, now: datetime) -> list[Effect]:
    """Do what the Transfer button asks for, and answer the phone."""
    session = board.attend(event.leg)
    if session is None:
        is_ours = event.leg in board.features
        return _answer(event.leg, TransferResult.DECLINED) if is_ours else []
    if event.is_attended:
        return _attended_transfer_asked(board, session, event, now)
    talk = session.course.desk.talk
    if talk is None or event.leg != talk.leg:
        is_another = event.leg in _other_legs(session)
        return _answer(event.leg, TransferResult.DECLINED) if is_another else []
    wish = Wish(mode=TransferMode.BLIND, target=event.target)
    target = _found(board, wish)
    if target is None or _obstacle(board, session, wish) is not None:
        return _answer(event.leg, TransferResult.UNAVAILABLE)
    effects = transferring.send_on(session.course, target, now)
    board.lead(session.talking_legs(), session)
    return [*_part_with(event.leg, [talk.leg]), *board.settle(session, effects, now)]


def _attended_transfer_asked(
    board: Switchboard, session: Session, event: TransferAsked, now: datetime
) -> list[Effect]:
    """Connect the caller with the agent who gives advice, as the one who asked for it wants."""
    talk, advice = session.course.desk.talk, session.advice
    if talk is None or event.leg not in {*_askers_legs(session), *_other_legs(session)}:
        return []
    asked = None if advice is None else {talk.leg, advice.asker_leg}
    if advice is None or advice.is_on_one_line or {event.leg, event.consulted} != asked:
        return _answer(event.leg, TransferResult.DECLINED)
    if not session.course.advice.is_given:
        return _answer(event.leg, TransferResult.UNAVAILABLE)
    effects = transferring.hand_over(session.course, now)
    board.lead(session.talking_legs(), session)
    parted = _part_with(event.leg, [talk.leg, advice.asker_leg])
    return [*parted, *board.settle(session, effects, now)]


def _part_with(asked_on: LegId, legs: Iterable[LegId]) -> list[Effect]:
    """Tell the phone that it is done, and hang up on it only then."""
    lane = CallId(asked_on)
    hang_ups = [HangUpLeg(call=lane, leg=leg) for leg in legs]
    return [*_answer(asked_on, TransferResult.ACCEPTED), *hang_ups]


def _answer(leg: LegId, result: TransferResult) -> list[Effect]:
    return [AnswerTransfer(call=CallId(leg), leg=leg, result=result)]


HANDLERS: Final[Handlers] = {
    KeyPressed: _key_pressed,
    TransferAsked: _transfer_asked,
    TransferOrdered: _transfer_ordered,
}
