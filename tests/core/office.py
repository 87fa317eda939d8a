"""
The contact centre of all examples: two lines, a few queues, a handful of people.

    number 100   greeting → business hours → menu: 1 first line, 2 second line, 9 hear it again
    number 200   straight into the queue «urgent», unanswered until an operator picks up
    number 300   nobody serves it
    number 400   hangs up without a word
    number 500   straight into the queue «patient», where waiting changes everything
    number 600   straight into the queue «expert», whom nobody serves: it overflows into «first»
    number 700   a voice message, or else the menu of number 100
    number 800   straight into the queue «keys»: 2 a message, 3 the queue «second», 4 «first»
    number 900   straight into the queue «named», whose agents hear its name before the caller
    number 920   asks an information system who calls: the known go to «second», strangers into the
                 menu of number 100, and everybody to «first» when it does not answer within 5 s
    number 930   straight into the queue «urgent»; after the talk: rating, then menu of number 950
    number 940   СНИЛС, which an information system is asked about: its answer, or «first»
    number 950   1 Tatar, 2 a number outside, or else a voice message, 3 «first» again

Anna, Boris and Clara work on the first line, and Clara alone speaks German; Vera is the second
line. «urgent» is served by the whole first line, «german» by Clara only. «patient» asks for German
like «german», after 30 s for less of it, after 60 s for anybody; after 90 s a callback is offered,
after 100 s a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.specs import (
    AgentRules,
    AgentSpec,
    Easing,
    KeyTarget,
    Line,
    Need,
    NoAgentsPolicy,
    Overflow,
    OverflowCause,
    OverflowTarget,
    QueueKey,
    QueueSpec,
)
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.engine.engine import Engine, EnginePlan
from ekc_telephony.core.engine.features import FeatureCodes
from ekc_telephony.core.engine.plan import Admission
from ekc_telephony.core.engine.state import EngineState
from ekc_telephony.core.engine.transfer import Directory
from ekc_telephony.core.engine.transfer_codes import TransferCodes
from ekc_telephony.core.ivr.expressions import Known
from ekc_telephony.core.ivr.formats import Format, FormatKind
from ekc_telephony.core.ivr.hours import BusinessHours, Interval
from ekc_telephony.core.ivr.script import (
    Callback,
    Collect,
    Enqueue,
    Goodbye,
    Hours,
    Identification,
    KnownNumber,
    Lookup,
    Menu,
    Message,
    Play,
    Question,
    Script,
    SetLanguage,
    Transfer,
    Wanted,
)
from ekc_telephony.core.ivr.spoken import Form
from ekc_telephony.core.ivr.utterance import Insert
from ekc_telephony.core.ivr.values import Variable, VariableKind
from ekc_telephony.core.kernel.ids import (
    AgentId,
    Did,
    NodeId,
    PromptKey,
    QueueId,
    ScriptId,
    ServiceId,
    SkillId,
)

MOSCOW: Final = timezone(timedelta(hours=3), "MSK")
NOON: Final = datetime(2026, 11, 23, 12, tzinfo=MOSCOW).astimezone(UTC)
"""A Monday; the service is open."""

ANNA: Final = AgentId("anna")
BORIS: Final = AgentId("boris")
CLARA: Final = AgentId("clara")
VERA: Final = AgentId("vera")
EVERYBODY: Final = (ANNA, BORIS, CLARA, VERA)

FIRST: Final = QueueId("first")
URGENT: Final = QueueId("urgent")
GERMAN: Final = QueueId("german")
SECOND: Final = QueueId("second")
PATIENT: Final = QueueId("patient")
EXPERT: Final = QueueId("expert")
KEYS: Final = QueueId("keys")
REMOTE: Final = QueueId("remote")
NAMED: Final = QueueId("named")
_DEUTSCH: Final = SkillId("german")


def seconds(count: float) -> timedelta:
    """Return so many seconds."""
    return timedelta(seconds=count)


_WRAP_UP: Final = seconds(15)
_ANNOUNCE_EVERY: Final = seconds(30)


def queue(
    name: QueueId,
    *,
    line: Line = Line.FIRST,
    requires: Mapping[SkillId, int] | None = None,
    wrap_up: timedelta = _WRAP_UP,
    announce_every: timedelta | None = _ANNOUNCE_EVERY,
    is_recorded: bool = True,
    when_no_agents: NoAgentsPolicy = NoAgentsPolicy.WAIT,
) -> QueueSpec:
    """Return a queue as the examples like it: rings for 20 s, rests for 5 s after a refusal."""
    return QueueSpec(
        queue=name,
        title=f"Queue {name}",
        line=line,
        requires=requires or {},
        ring_time=seconds(20),
        wrap_up=wrap_up,
        refusal_rest=seconds(5),
        announce_every=announce_every,
        is_recorded=is_recorded,
        when_no_agents=when_no_agents,
    )


QUEUES: Final = (
    queue(FIRST),
    queue(URGENT, announce_every=None),
    queue(GERMAN, requires={_DEUTSCH: 2}),
    queue(
        SECOND,
        line=Line.SECOND,
        wrap_up=seconds(0),
        is_recorded=False,
        when_no_agents=NoAgentsPolicy.INFORM,
    ),
    replace(
        queue(PATIENT, requires={_DEUTSCH: 2}),
        easings=(
            Easing(after=seconds(30), needs=(Need(line=Line.FIRST, skills={_DEUTSCH: 1}),)),
            Easing(after=seconds(60), needs=(Need(line=None, skills={}),)),
        ),
        prefers_for=seconds(20),
        keeps_place_for=seconds(120),
        overflows=(
            Overflow(cause=OverflowCause.WAITED, after=seconds(90), target=OverflowTarget.CALLBACK),
            Overflow(cause=OverflowCause.WAITED, after=seconds(100), target=OverflowTarget.MESSAGE),
        ),
        keys={
            "1": QueueKey(target=KeyTarget.CALLBACK),
            "2": QueueKey(target=KeyTarget.MESSAGE),
        },
        silence_after=seconds(60),
        announces_wait=True,
    ),
    replace(
        queue(KEYS, requires={_DEUTSCH: 9}),
        keys={
            "2": QueueKey(target=KeyTarget.MESSAGE),
            "3": QueueKey(target=KeyTarget.QUEUE, to_queue=SECOND),
            "4": QueueKey(
                target=KeyTarget.QUEUE, to_queue=FIRST, said_by=PromptKey("queue-key-first")
            ),
        },
    ),
    replace(
        queue(EXPERT, requires={_DEUTSCH: 9}),
        overflows=(
            Overflow(
                cause=OverflowCause.WAITED,
                after=seconds(10),
                target=OverflowTarget.QUEUE,
                to_queue=FIRST,
            ),
        ),
    ),
    replace(queue(NAMED), briefing=PromptKey("queue-named")),
    replace(
        queue(REMOTE, requires={_DEUTSCH: 9}),
        overflows=(
            Overflow(
                cause=OverflowCause.WAITED,
                after=seconds(10),
                target=OverflowTarget.OUTSIDE,
                number="112",
            ),
            Overflow(
                cause=OverflowCause.WAITED,
                after=seconds(20),
                target=OverflowTarget.QUEUE,
                to_queue=FIRST,
            ),
        ),
        keys={"1": QueueKey(target=KeyTarget.CALLBACK)},
        keeps_place_for=seconds(120),
    ),
)
RULES: Final = AgentRules(
    after_no_answer=seconds(120), extends_wrap_up_by=seconds(30), extensions=2
)
_PEOPLE: Final[tuple[tuple[AgentId, Line, Mapping[SkillId, int]], ...]] = (
    (ANNA, Line.FIRST, {}),
    (BORIS, Line.FIRST, {_DEUTSCH: 1}),
    (CLARA, Line.FIRST, {_DEUTSCH: 2}),
    (VERA, Line.SECOND, {}),
)


def acd(*, ready: Iterable[AgentId] = (), queues: Iterable[QueueSpec] = QUEUES) -> Acd:
    """Return the office's ACD; whoever is not in `ready` is signed out."""
    present = set(ready)
    agents = [
        AgentSpec(
            agent=agent,
            name=agent.title(),
            line=line,
            skills=skills,
            initial_presence=Presence.READY if agent in present else Presence.SIGNED_OUT,
        )
        for agent, line, skills in _PEOPLE
    ]
    return Acd(queues, agents, rules=RULES)


def _prompts(*keys: str) -> tuple[PromptKey, ...]:
    return tuple(PromptKey(key) for key in keys)


MAIN_SCRIPT: Final = Script(
    script=ScriptId("main"),
    entry=NodeId("welcome"),
    nodes={
        NodeId("welcome"): Play(prompts=_prompts("greeting"), next=NodeId("opening")),
        NodeId("opening"): Hours(schedule="office", open=NodeId("menu"), closed=NodeId("closed")),
        NodeId("closed"): Goodbye(
            prompts=_prompts("after-hours"), outcome=CallOutcome.INFORMED_AFTER_HOURS
        ),
        NodeId("menu"): Menu(
            prompts=_prompts("menu-main"),
            choices={"1": NodeId("to-first"), "2": NodeId("to-second"), "9": NodeId("menu")},
            timeout=seconds(5),
            retries=1,
            invalid_prompts=_prompts("menu-wrong-key"),
            timeout_prompts=_prompts("menu-silence"),
            exhausted=NodeId("to-first"),
        ),
        NodeId("to-first"): Enqueue(queue=FIRST, answers_at_once=True),
        NodeId("to-second"): Enqueue(queue=SECOND, answers_at_once=True),
    },
)
URGENT_SCRIPT: Final = Script(
    script=ScriptId("urgent"),
    entry=NodeId("wait"),
    nodes={NodeId("wait"): Enqueue(queue=URGENT, answers_at_once=False)},
)
PATIENT_SCRIPT: Final = Script(
    script=ScriptId("patient"),
    entry=NodeId("wait"),
    nodes={NodeId("wait"): Enqueue(queue=PATIENT, answers_at_once=True)},
)
EXPERT_SCRIPT: Final = Script(
    script=ScriptId("expert"),
    entry=NodeId("wait"),
    nodes={NodeId("wait"): Enqueue(queue=EXPERT, answers_at_once=True, skills={_DEUTSCH: 1})},
)
KEYS_SCRIPT: Final = Script(
    script=ScriptId("keys"),
    entry=NodeId("wait"),
    nodes={NodeId("wait"): Enqueue(queue=KEYS, answers_at_once=True)},
)
MESSAGE_SCRIPT: Final = Script(
    script=ScriptId("message"),
    entry=NodeId("leave"),
    nodes={
        NodeId("leave"): Message(prompts=_prompts("after-hours"), otherwise=NodeId("menu")),
        **MAIN_SCRIPT.nodes,
    },
)
NAMED_SCRIPT: Final = Script(
    script=ScriptId("named"),
    entry=NodeId("wait"),
    nodes={NodeId("wait"): Enqueue(queue=NAMED, answers_at_once=True)},
)
REMOTE_SCRIPT: Final = Script(
    script=ScriptId("remote"),
    entry=NodeId("wait"),
    nodes={NodeId("wait"): Enqueue(queue=REMOTE, answers_at_once=False, skills={_DEUTSCH: 1})},
)
LOOKUP_SCRIPT: Final = Script(
    script=ScriptId("lookup"),
    entry=NodeId("who"),
    nodes={
        NodeId("who"): Lookup(
            service=ServiceId("citizens"),
            fields={"number": Known("caller.number")},
            into={"name": Wanted(path=("name",), kind=VariableKind.TEXT)},
            prompts=_prompts("one-moment"),
            patience=seconds(5),
            next=NodeId("to-second"),
            not_found=NodeId("menu"),
            fallback=NodeId("to-first"),
        ),
        **MAIN_SCRIPT.nodes,
    },
    variables={"name": Variable(kind=VariableKind.TEXT, is_personal=True)},
)
OVERLOAD_SCRIPT: Final = Script(
    script=ScriptId("overload"),
    entry=NodeId("number"),
    nodes={
        NodeId("number"): KnownNumber(known=NodeId("offer"), unknown=NodeId("sorry")),
        NodeId("offer"): Menu(
            prompts=_prompts("overload-offer"),
            choices={"1": NodeId("back")},
            timeout=seconds(5),
            retries=0,
            invalid_prompts=(),
            timeout_prompts=(),
            exhausted=NodeId("sorry"),
        ),
        NodeId("back"): Callback(
            prompts=_prompts("callback-promised"), without_number=NodeId("sorry")
        ),
        NodeId("sorry"): Goodbye(
            prompts=_prompts("overload-sorry"), outcome=CallOutcome.INFORMED_NO_AGENTS
        ),
    },
)
WORDLESS_SCRIPT: Final = Script(
    script=ScriptId("wordless"),
    entry=NodeId("end"),
    nodes={NodeId("end"): Goodbye(prompts=(), outcome=CallOutcome.SELF_SERVED)},
)
MORE_SCRIPT: Final = Script(
    script=ScriptId("more"),
    entry=NodeId("more"),
    languages=("ru", "tt"),
    nodes={
        NodeId("more"): Menu(
            prompts=_prompts("more"),
            choices={"1": NodeId("tatar"), "2": NodeId("outside"), "3": NodeId("again")},
            timeout=seconds(5),
            retries=0,
            invalid_prompts=(),
            timeout_prompts=(),
            exhausted=NodeId("goodbye"),
        ),
        NodeId("tatar"): SetLanguage(language="tt", next=NodeId("more")),
        NodeId("outside"): Transfer(number="112", otherwise=NodeId("leave")),
        NodeId("leave"): Message(prompts=_prompts("leave-it"), otherwise=NodeId("goodbye")),
        NodeId("again"): Enqueue(queue=FIRST, answers_at_once=True, after=NodeId("more")),
        NodeId("goodbye"): Goodbye(prompts=_prompts("goodbye"), outcome=CallOutcome.SELF_SERVED),
    },
)
RATED_SCRIPT: Final = Script(
    script=ScriptId("rated"),
    entry=NodeId("wait"),
    languages=("ru", "tt"),
    nodes={
        NodeId("wait"): Enqueue(queue=URGENT, answers_at_once=True, after=NodeId("rate")),
        NodeId("rate"): Question(
            question="rating",
            prompts=_prompts("rate-us"),
            answers={mark: mark for mark in "12345"},
            timeout=seconds(5),
            retries=1,
            invalid_prompts=_prompts("rate-wrong"),
            timeout_prompts=_prompts("rate-silence"),
            next=NodeId("more"),
            is_rating=True,
        ),
        **MORE_SCRIPT.nodes,
    },
)
ASKING_SCRIPT: Final = Script(
    script=ScriptId("asking"),
    entry=NodeId("ask"),
    variables={
        "snils": Variable(kind=VariableKind.TEXT, is_personal=True),
        "status": Variable(kind=VariableKind.TEXT),
    },
    nodes={
        NodeId("ask"): Collect(
            prompts=_prompts("snils-please"),
            into="snils",
            format=Format(kind=FormatKind.SNILS),
            timeout=seconds(5),
            retries=1,
            invalid_prompts=_prompts("snils-wrong"),
            timeout_prompts=_prompts("snils-silence"),
            next=NodeId("look"),
            exhausted=NodeId("to-first"),
        ),
        NodeId("look"): Lookup(
            service=ServiceId("cases"),
            fields={"snils": Known("snils")},
            into={"status": Wanted(path=("status",), kind=VariableKind.TEXT)},
            prompts=_prompts("one-moment"),
            patience=seconds(4),
            next=NodeId("tell"),
            not_found=NodeId("sorry"),
            fallback=NodeId("to-first"),
            identifies=Identification.SNILS,
        ),
        NodeId("tell"): Play(
            prompts=(
                PromptKey("your-case"),
                Insert(value=Known("status"), form=Form.DIGITS),
            ),
            next=NodeId("goodbye"),
        ),
        NodeId("sorry"): Play(prompts=_prompts("no-such-case"), next=NodeId("to-first")),
        NodeId("goodbye"): Goodbye(prompts=_prompts("goodbye"), outcome=CallOutcome.SELF_SERVED),
        NodeId("to-first"): Enqueue(queue=FIRST, answers_at_once=True),
    },
)
OFFICE_HOURS: Final = BusinessHours(
    zone=MOSCOW,
    weekly=((Interval(time(9), time(18)),),) * 5 + ((), ()),
    dates={date(2026, 11, 4): ()},
)
CODES: Final = FeatureCodes(
    ready="*45",
    not_ready={"*46": NotReadyReason.OTHER, "*462": NotReadyReason.LUNCH},
    signed_out="*47",
    end_of_wrap_up="*48",
    extend_wrap_up="*49",
    transfers=TransferCodes(
        blind="*70", hand_over="*71", conference="*73", reasons={"2": "a specialist is needed"}
    ),
)


SCRIPTS: Final = {
    Did("100"): MAIN_SCRIPT,
    Did("200"): URGENT_SCRIPT,
    Did("400"): WORDLESS_SCRIPT,
    Did("500"): PATIENT_SCRIPT,
    Did("600"): EXPERT_SCRIPT,
    Did("700"): MESSAGE_SCRIPT,
    Did("800"): KEYS_SCRIPT,
    Did("910"): REMOTE_SCRIPT,
    Did("900"): NAMED_SCRIPT,
    Did("920"): LOOKUP_SCRIPT,
    Did("930"): RATED_SCRIPT,
    Did("940"): ASKING_SCRIPT,
    Did("950"): MORE_SCRIPT,
}


def engine(*, ready: Iterable[AgentId] = (), most_calls: int | None = None) -> Engine:
    """Return the office's engine; whoever is not in `ready` is signed out."""
    plan = EnginePlan(
        scripts=SCRIPTS,
        schedules={"office": OFFICE_HOURS},
        feature_codes=CODES,
        directory=Directory(outside=frozenset({"112"})),
        admission=None
        if most_calls is None
        else Admission(most_calls=most_calls, script=OVERLOAD_SCRIPT),
    )
    return Engine(plan, acd(ready=ready))


def restored_engine(state: EngineState, now: datetime, *, most_calls: int | None = None) -> Engine:
    """Return an engine of the office that goes on where another was."""
    again = engine(ready=EVERYBODY, most_calls=most_calls)
    for session in state.sessions:
        is_beyond = session.script == OVERLOAD_SCRIPT.script
        script = OVERLOAD_SCRIPT if is_beyond else SCRIPTS.get(session.did)
        again.restore_session(session, script=script)
    again.restore_agents(state.agents, state.features, now)
    again.restore_regulars(state.regulars)
    again.restore_paces(state.paces)
    return again
