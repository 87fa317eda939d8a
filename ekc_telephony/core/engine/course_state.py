"""
What another engine needs to go on with a call, and a course made of it.

Rule 1: `restored` of a `state` is the course itself, but for what hangs on the moment (`keypad`).
"""

from __future__ import annotations

from ekc_telephony.core.call.events import CallArrived
from ekc_telephony.core.engine.chronicle import Chronicle
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.ear import Ear
from ekc_telephony.core.engine.state import (
    LimitState,
    PlaceState,
    SessionState,
    SkillState,
    VariableState,
    VisitState,
)
from ekc_telephony.core.engine.surroundings import Surroundings
from ekc_telephony.core.ivr.interpreter import Visit
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.ivr.whereabouts import Whereabouts


def restored(state: SessionState, *, script: Script | None, around: Surroundings) -> Course:
    """Go on where the call of this state was, in the script that its caller knows."""
    course = Course(
        CallArrived(call=state.call, did=state.did, number=state.number),
        script=script,
        around=around,
        now=state.chronicle.registered_at,
    )
    course.equip(
        Chronicle.restored(state.call, state.chronicle),
        Ear.restored(state.call, course.leg, state.ear),
    )
    course.phase = state.phase
    course.queue = state.queue
    _resume_visit(course, state.visit)
    course.desk.resume(state)
    course.advice.state = state.advice
    course.outside.state = state.outside
    course.supervision.resume(state.supervisions)
    course.attention, course.agent_attention = state.attention, state.agent_attention
    course.joined_at, course.outcome = state.joined_at, state.outcome
    course.unheard_until = state.unheard_until
    course.message, course.messages = state.message, state.messages
    course.skills = {each.skill: each.level for each in state.skills}
    course.priority, course.was_outside = state.priority, state.was_outside
    if state.room is not None and state.queue is not None:
        course.room = course.new_waiting_room()
        course.room.resume(state.room)
    return course


def _resume_visit(course: Course, state: VisitState | None) -> None:
    if state is None or course.visit is None:
        course.visit = None
        return
    course.visit.resume_at(whereabouts_of(state))


def whereabouts_of(state: VisitState) -> Whereabouts:
    """Return what another visit needs to stand where the one of this state stood."""
    return Whereabouts(
        node=state.node,
        failures=state.failures,
        is_saying=state.is_saying,
        ends_at=state.silence_ends,
        typed=state.typed,
        deleted=state.deleted,
        language=state.language,
        asked=state.asked,
        variables={each.name: each.text for each in state.variables},
        passed={each.node: each.times for each in state.passed},
    )


def _visit_state(visit: Visit) -> VisitState:
    place = visit.whereabouts
    return VisitState(
        node=place.node,
        failures=place.failures,
        is_saying=place.is_saying,
        silence_ends=place.ends_at,
        typed=place.typed,
        deleted=place.deleted,
        language=place.language,
        asked=place.asked,
        variables=tuple(VariableState(name=n, text=text) for n, text in place.variables.items()),
        passed=tuple(LimitState(node=node, times=n) for node, n in place.passed.items()),
    )


def state(course: Course, place: PlaceState | None) -> SessionState:
    """Return what another engine needs to go on; the place in line is the ACD's to tell."""
    script, visit = course.script, course.visit
    return SessionState(
        call=course.call,
        did=course.did,
        number=course.number,
        script=course.script_id,
        version="" if script is None else script.version,
        phase=course.phase,
        queue=course.queue,
        chronicle=course.chronicle.state(),
        ear=course.ear.state(),
        visit=None if visit is None else _visit_state(visit),
        room=None if course.room is None else course.room.state(),
        offer=course.desk.offer,
        talk=course.desk.talk,
        place=place,
        talks=course.desk.talks,
        offers=course.desk.offers,
        joined_at=course.joined_at,
        outcome=course.outcome,
        unheard_until=course.unheard_until,
        transfer=course.desk.transfer,
        advice=course.advice.state,
        outside=course.outside.state,
        supervisions=course.supervision.states,
        attention=course.attention,
        agent_attention=course.agent_attention,
        message=course.message,
        messages=course.messages,
        colleague=course.desk.colleague,
        skills=tuple(SkillState(skill=skill, level=n) for skill, n in course.skills.items()),
        priority=course.priority,
        was_outside=course.was_outside,
    )
