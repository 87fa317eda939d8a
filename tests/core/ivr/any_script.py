"""
Any script that the loader could have made, of all kinds of nodes, for hypothesis.

Rule 1: nodes that may be passed without a pause lead forward only, as the loader demands.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Final

from hypothesis import strategies as st

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr.expressions import Compared, Constant, IsSet, Known, Relation, Sum
from ekc_telephony.core.ivr.formats import Format, FormatKind
from ekc_telephony.core.ivr.hours import BusinessHours, Interval
from ekc_telephony.core.ivr.script import (
    Assign,
    Branch,
    Callback,
    Case,
    Collect,
    Enqueue,
    Goodbye,
    Hours,
    Identification,
    KnownNumber,
    Limit,
    Lookup,
    Menu,
    Message,
    Node,
    Play,
    Question,
    Script,
    SetLanguage,
    Transfer,
    Until,
    Wanted,
)
from ekc_telephony.core.ivr.spoken import Form
from ekc_telephony.core.ivr.utterance import Insert, Utterance
from ekc_telephony.core.ivr.values import Variable, VariableKind
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, QueueId, ScriptId, ServiceId

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
SCHEDULES: Final = {
    "day": BusinessHours(zone=UTC, weekly=((Interval(time(9), time(18)),),) * 7, dates={})
}
VARIABLES: Final = {
    "count": Variable(kind=VariableKind.NUMBER, initial=1),
    "case": Variable(kind=VariableKind.TEXT, is_personal=True),
}
SERVICE: Final = ServiceId("status")
KEYS: Final = "12*"

_COUNT: Final = Insert(value=Known("count"), form=Form.NUMBER)
_CASE: Final = Insert(value=Known("case"), form=Form.DIGITS)
_PART: Final[st.SearchStrategy[PromptKey | Insert]] = st.sampled_from(
    [PromptKey("a"), PromptKey("b"), _COUNT, _CASE]
)
SAID: Final[st.SearchStrategy[Utterance]] = st.one_of(
    st.just(()), st.tuples(_PART), st.tuples(_PART, _PART)
)
_AUDIBLE: Final = st.sampled_from([(PromptKey("a"),), (PromptKey("b"), _CASE)])
_FEW_SECONDS: Final = st.integers(1, 9).map(lambda count: timedelta(seconds=count))
_IS_SMALL: Final = Compared(Relation.LESS, Known("count"), Constant(3))
_CONDITIONS: Final = st.sampled_from([_IS_SMALL, IsSet("case"), Constant(value=True)])
_ONE_MORE: Final = Sum(Known("count"), Constant(1))
_VALUES: Final = st.sampled_from([{"count": _ONE_MORE}, {"case": None}])
_MOMENTS: Final = st.sampled_from([NOON - timedelta(days=1), NOON + timedelta(seconds=20)])
_DIGITS: Final = Format(kind=FormatKind.DIGITS, min_length=2, max_length=3)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Return a script of up to eight nodes."""
    count = draw(st.integers(1, 8))
    names = _names(count)
    return Script(
        script=ScriptId("any"),
        entry=names[0],
        nodes={name: draw(_nodes_at(number, count)) for number, name in enumerate(names)},
        variables=VARIABLES,
        languages=("ru", "en"),
    )


def _names(count: int) -> list[NodeId]:
    return [NodeId(f"node-{number}") for number in range(count)]


@cache  # making strategies takes longer than drawing from them
def _nodes_at(number: int, count: int) -> st.SearchStrategy[Node]:
    """Return any node that may stand at this place of so many."""
    names = _names(count)
    anywhere = st.sampled_from(names)
    if number == count - 1:
        return _ways_out(anywhere)
    ahead = st.sampled_from(names[number + 1 :])
    return st.one_of(_stays(anywhere), _passes(ahead), _ways_out(anywhere), _may_pass(ahead))


def _stays(anywhere: st.SearchStrategy[NodeId]) -> st.SearchStrategy[Node]:
    """Return nodes at which the caller hears or does something."""
    keys = st.sampled_from(KEYS)
    asking = {
        "prompts": SAID,
        "timeout": _FEW_SECONDS,
        "retries": st.integers(0, 2),
        "invalid_prompts": SAID,
        "timeout_prompts": SAID,
    }
    questions = st.builds(
        Question,
        question=st.just("rating"),
        answers=st.dictionaries(keys, st.just("5"), min_size=1),
        next=anywhere,
        is_rating=st.booleans(),
        survey=st.sampled_from(["", "survey"]),
        into=st.sampled_from([None, "case"]),
        **asking,
    )
    lookups = st.builds(
        Lookup,
        service=st.just(SERVICE),
        fields=st.just({"case": Known("case"), "count": Known("count")}),
        into=st.just({"count": Wanted(path=("count",), kind=VariableKind.NUMBER)}),
        prompts=SAID,
        patience=_FEW_SECONDS,
        next=anywhere,
        not_found=anywhere,
        fallback=anywhere,
        identifies=st.sampled_from([None, Identification.SNILS]),
    )
    menus = st.builds(Menu, choices=st.dictionaries(keys, anywhere), exhausted=anywhere, **asking)
    collects = st.builds(
        Collect,
        into=st.just("case"),
        format=st.just(_DIGITS),
        next=anywhere,
        exhausted=anywhere,
        **asking,
    )
    return st.one_of(
        st.builds(Play, prompts=_AUDIBLE, next=anywhere), menus, collects, questions, lookups
    )


def _passes(ahead: st.SearchStrategy[NodeId]) -> st.SearchStrategy[Node]:
    """Return nodes at which nobody stays."""
    cases = st.lists(st.builds(Case, when=_CONDITIONS, next=ahead), max_size=2).map(tuple)
    return st.one_of(
        st.builds(Hours, schedule=st.just("day"), open=ahead, closed=ahead),
        st.builds(Until, moment=_MOMENTS, before=ahead, after=ahead),
        st.builds(KnownNumber, known=ahead, unknown=ahead),
        st.builds(Branch, cases=cases, otherwise=ahead),
        st.builds(Assign, values=_VALUES, next=ahead),
        st.builds(Limit, times=st.integers(1, 2), next=ahead, exhausted=ahead),
        st.builds(SetLanguage, language=st.sampled_from(["ru", "en"]), next=ahead),
    )


def _may_pass(ahead: st.SearchStrategy[NodeId]) -> st.SearchStrategy[Node]:
    """Return nodes at which some callers do not stay."""
    return st.one_of(
        st.builds(Callback, prompts=SAID, without_number=ahead),
        st.builds(Play, prompts=SAID, next=ahead),
    )


def _ways_out(anywhere: st.SearchStrategy[NodeId]) -> st.SearchStrategy[Node]:
    """Return nodes by which a caller leaves, for good or for a while."""
    informed = st.sampled_from([CallOutcome.SELF_SERVED, CallOutcome.INFORMED_AFTER_HOURS])
    return st.one_of(
        st.builds(Goodbye, prompts=SAID, outcome=informed),
        st.builds(
            Enqueue,
            queue=st.just(QueueId("first")),
            answers_at_once=st.just(True),
            after=st.one_of(st.none(), anywhere),
        ),
        st.builds(Message, prompts=SAID, otherwise=anywhere),
        st.builds(Transfer, number=st.just("112"), otherwise=anywhere),
    )
