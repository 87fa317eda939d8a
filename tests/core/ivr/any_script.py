"""
Any script that the loader lets pass, for properties of whatever walks or reads one.

`scripts()` draws one of up to eight nodes. What is drawn:

- all kinds of nodes (`_nodes`), with all the ways that lead on from them, back to themselves, too;
- what is said: nothing, prompts, and values in all forms, unknown ones as well (`utterances`);
- variables of all kinds, one of them personal; expressions up to three deep of all of them, of
  constants from the smallest to the greatest and of what is known of the call (`conditions`,
  `values`);
- formats of all kinds of answers (`FORMATS`); lookups whose answers fit what is wanted, or do not;
- patience of 1 to 9 seconds, up to two retries, limits of 1 to 3, hours that are open, moments that
  have been, are now, come soon or after a while;
- three languages, one of which we cannot count in.

Keys are all sixteen, half of the time one of three, so that callers often press what is asked for.

Rule 1: a new kind of node, form or format is added here, or `test_any_script.py` fails.
Rule 2: what may be passed without a pause leads forward only, as the loader demands.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final

from hypothesis import strategies as st

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr.expressions import (
    Both,
    Cased,
    Compared,
    Constant,
    Divided,
    DivisionPart,
    Either,
    Expression,
    IsSet,
    Known,
    Length,
    LetterCase,
    Not,
    OneOf,
    PartOf,
    Relation,
    Sum,
)
from ekc_telephony.core.ivr.formats import DateSide, Format, FormatKind
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
from ekc_telephony.core.ivr.spoken import Form, Noun, Wording
from ekc_telephony.core.ivr.utterance import Insert, Utterance
from ekc_telephony.core.ivr.values import MOST, Value, Variable, VariableKind
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, QueueId, ScriptId, ServiceId

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
SCHEDULES: Final = {
    "day": BusinessHours(zone=UTC, weekly=((Interval(time(9), time(18)),),) * 7, dates={})
}
KEYS: Final = "0123456789*#ABCD"
KEY: Final[st.SearchStrategy[str]] = st.sampled_from("12*") | st.sampled_from(KEYS)
"""Any key; some more often than others, or callers would seldom press what a menu asks for."""
SERVICE: Final = ServiceId("cases")

TEXTS: Final = st.text(max_size=20)
VALUES: Final[Mapping[VariableKind, st.SearchStrategy[Value]]] = {
    VariableKind.TEXT: TEXTS | st.text("0123456789+- ", max_size=12),
    VariableKind.NUMBER: st.integers(-MOST, MOST) | st.integers(-2, 5),
    VariableKind.MONEY: st.integers(-MOST, MOST) | st.integers(-100, 500),
    VariableKind.FLAG: st.booleans(),
    VariableKind.DATE: st.dates(),
    VariableKind.TIME: st.times(),
}
"""Any value of each kind."""

VARIABLES: Final[Mapping[str, Variable]] = {
    "text": Variable(kind=VariableKind.TEXT, is_personal=True),
    "number": Variable(kind=VariableKind.NUMBER, initial=2),
    "money": Variable(kind=VariableKind.MONEY),
    "flag": Variable(kind=VariableKind.FLAG, initial=False),
    "day": Variable(kind=VariableKind.DATE, initial=date(2026, 11, 29)),
    "moment": Variable(kind=VariableKind.TIME),
}
"""One of each kind; every script that is drawn declares them."""
_NAMES: Final = {variable.kind: name for name, variable in VARIABLES.items()}
_OF_CALL: Final = ("caller.number", "dialled", "language")
_LANGUAGES: Final = ("ru", "en", "tt")

FORMS: Final = {
    Form.NUMBER: VariableKind.NUMBER,
    Form.COUNT: VariableKind.NUMBER,
    Form.MINUTES: VariableKind.NUMBER,
    Form.DIGITS: VariableKind.TEXT,
    Form.PHONE: VariableKind.TEXT,
    Form.SNILS: VariableKind.TEXT,
    Form.DATE: VariableKind.DATE,
    Form.TIME: VariableKind.TIME,
    Form.MONEY: VariableKind.MONEY,
}
_DAYS_COUNTED: Final = Wording(noun=Noun.of("день", "дня", "дней"))


# --- expressions


@cache
def _leaves(kind: VariableKind) -> st.SearchStrategy[Expression]:
    names = [_NAMES[kind], *(_OF_CALL if kind is VariableKind.TEXT else ())]
    return st.builds(Constant, VALUES[kind]) | st.builds(Known, st.sampled_from(names))


@cache
def conditions(*, deep: int = 2) -> st.SearchStrategy[Expression]:
    """Return conditions as the loader lets pass: kinds fit."""
    kinds = st.sampled_from(list(VariableKind))
    compared = kinds.flatmap(
        lambda kind: st.builds(
            Compared,
            st.sampled_from(
                [Relation.EQUAL, Relation.UNEQUAL] if kind is VariableKind.FLAG else list(Relation)
            ),
            values(kind, deep=deep),
            values(kind, deep=deep),
        )
    )
    one_of = kinds.flatmap(
        lambda kind: st.builds(
            OneOf, values(kind, deep=deep), st.lists(VALUES[kind], max_size=3).map(tuple)
        )
    )
    simple = st.one_of(
        _leaves(VariableKind.FLAG),
        st.builds(IsSet, st.sampled_from(list(VARIABLES))),
        compared,
        one_of,
        st.builds(PartOf, *[values(VariableKind.TEXT, deep=deep)] * 2),
    )
    if deep == 0:
        return simple
    inner = st.deferred(lambda: conditions(deep=deep - 1))
    joined = st.builds(Both, inner, inner) | st.builds(Either, inner, inner)
    return simple | st.builds(Not, inner) | joined


@cache
def values(kind: VariableKind, *, deep: int = 2) -> st.SearchStrategy[Expression]:
    """Return expressions whose value is of this kind."""
    if deep == 0:
        return _leaves(kind)
    inner = st.deferred(lambda: values(kind, deep=deep - 1))
    match kind:
        case VariableKind.NUMBER:
            length = st.deferred(lambda: values(VariableKind.TEXT, deep=deep - 1))
            added = st.builds(Sum, inner, inner, st.booleans())
            divided = st.builds(Divided, st.sampled_from(DivisionPart), inner, inner)
            sums = st.deferred(lambda: values(VariableKind.MONEY, deep=deep - 1))
            times = st.builds(Divided, st.just(DivisionPart.WHOLE), sums, sums)
            return _leaves(kind) | added | divided | times | st.builds(Length, length)
        case VariableKind.MONEY:
            rest = st.builds(Divided, st.just(DivisionPart.REMAINDER), inner, inner)
            return _leaves(kind) | st.builds(Sum, inner, inner, st.booleans()) | rest
        case VariableKind.TEXT:
            cased = st.builds(Cased, st.sampled_from(LetterCase), inner)
            return _leaves(kind) | st.builds(Sum, inner, inner) | cased
        case VariableKind.FLAG:
            return st.deferred(lambda: conditions(deep=deep - 1))
        case _:
            return _leaves(kind)


# --- what is said


@cache
def _inserts() -> st.SearchStrategy[Insert]:
    return st.sampled_from(list(FORMS)).flatmap(
        lambda form: st.builds(
            Insert,
            value=values(FORMS[form], deep=1),
            form=st.just(form),
            wording=st.just(_DAYS_COUNTED if form is Form.COUNT else Wording()),
        )
    )


_PROMPT: Final = st.sampled_from([PromptKey("a"), PromptKey("b")])


@cache
def utterances(*, least: int = 0) -> st.SearchStrategy[Utterance]:
    """Return what may stand wherever something is said."""
    return st.lists(_PROMPT | _inserts(), min_size=least, max_size=2).map(tuple)


SPOKEN: Final[st.SearchStrategy[Utterance]] = st.builds(
    lambda key, rest: (key, *rest), _PROMPT, utterances()
)
"""What is heard, whatever is known."""


# --- nodes

_ALL_NAMES: Final = tuple(NodeId(f"node-{number}") for number in range(8))

_PATIENCE: Final = st.integers(1, 9).map(lambda count: timedelta(seconds=count))
_MOMENTS: Final = (
    NOON - timedelta(days=1),
    NOON,
    NOON + timedelta(seconds=7),
    NOON + timedelta(seconds=20),
)
_RETRIES: Final = st.integers(0, 2)

ASKED_FOR: Final = (
    (Format(kind=FormatKind.DIGITS, min_length=2, max_length=4), VariableKind.TEXT),
    (Format(kind=FormatKind.DIGITS), VariableKind.TEXT),
    (Format(kind=FormatKind.DIGITS, min_length=1, max_length=1), VariableKind.TEXT),
    (Format(kind=FormatKind.NUMBER, least=3, most=120), VariableKind.NUMBER),
    (Format(kind=FormatKind.SNILS), VariableKind.TEXT),
    (Format(kind=FormatKind.DATE, year_digits=2), VariableKind.DATE),
    (Format(kind=FormatKind.DATE, side=DateSide.PAST), VariableKind.DATE),
    (Format(kind=FormatKind.YES_NO), VariableKind.FLAG),
    (Format(kind=FormatKind.PHONE), VariableKind.TEXT),
    (Format(kind=FormatKind.TIME), VariableKind.TIME),
)
"""Formats, and the kind of variable that takes what is typed."""
FORMATS: Final = st.sampled_from(ASKED_FOR)


def ways_out(anywhere: st.SearchStrategy[NodeId]) -> st.SearchStrategy[Node]:
    """Return nodes at which a caller leaves, or rests."""
    return st.one_of(
        st.builds(
            Enqueue,
            queue=st.just(QueueId("first")),
            answers_at_once=st.booleans(),
            after=st.none() | anywhere,
        ),
        st.builds(Message, prompts=utterances(), otherwise=anywhere),
        st.builds(Transfer, number=st.just("112"), otherwise=anywhere),
        st.builds(
            Goodbye,
            prompts=utterances(),
            outcome=st.sampled_from([CallOutcome.SELF_SERVED, CallOutcome.INFORMED_AFTER_HOURS]),
        ),
    )


def _asking(anywhere: st.SearchStrategy[NodeId]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(
            Menu,
            prompts=utterances(),
            choices=st.dictionaries(KEY, anywhere, max_size=4),
            timeout=_PATIENCE,
            retries=_RETRIES,
            invalid_prompts=utterances(),
            timeout_prompts=utterances(),
            exhausted=anywhere,
        ),
        st.builds(
            Question,
            question=st.just("rating"),
            prompts=utterances(),
            answers=st.dictionaries(KEY, st.sampled_from("12345"), min_size=1, max_size=5),
            timeout=_PATIENCE,
            retries=_RETRIES,
            invalid_prompts=utterances(),
            timeout_prompts=utterances(),
            next=anywhere,
            is_rating=st.booleans(),
            survey=st.sampled_from(["", "survey"]),
            into=st.sampled_from([None, "text"]),
        ),
        FORMATS.flatmap(
            lambda asked: st.builds(
                Collect,
                prompts=utterances(),
                into=st.just(_NAMES[asked[1]]),
                format=st.just(asked[0]),
                timeout=_PATIENCE,
                retries=_RETRIES,
                invalid_prompts=utterances(),
                timeout_prompts=utterances(),
                next=anywhere,
                exhausted=anywhere,
            )
        ),
        st.builds(
            Lookup,
            service=st.just(SERVICE),
            fields=st.dictionaries(
                st.sampled_from(["number", "case"]),
                st.sampled_from(list(VariableKind)).flatmap(lambda kind: values(kind, deep=1)),
            ),
            into=st.dictionaries(
                st.sampled_from(list(VARIABLES)), st.sampled_from([("v",), ("in", "0"), ("no",)])
            ).map(
                lambda into: {
                    name: Wanted(path=path, kind=VARIABLES[name].kind)
                    for name, path in into.items()
                }
            ),
            prompts=utterances(),
            patience=_PATIENCE,
            next=anywhere,
            not_found=anywhere,
            fallback=anywhere,
            identifies=st.none() | st.sampled_from(list(Identification)),
        ),
    )


def _passing(ahead: st.SearchStrategy[NodeId]) -> st.SearchStrategy[Node]:
    """Return nodes at which a caller may not stay; they lead forward, or he would walk for ever."""
    return st.one_of(
        st.builds(Play, prompts=utterances(), next=ahead),
        st.builds(Hours, schedule=st.just("day"), open=ahead, closed=ahead),
        st.builds(
            Until,
            moment=st.sampled_from(_MOMENTS),
            before=ahead,
            after=ahead,
        ),
        st.builds(
            Branch,
            cases=st.lists(st.builds(Case, when=conditions(), next=ahead), max_size=3).map(tuple),
            otherwise=ahead,
        ),
        _assignments(ahead),
        st.builds(Limit, times=st.integers(1, 3), next=ahead, exhausted=ahead),
        st.builds(SetLanguage, language=st.sampled_from(_LANGUAGES), next=ahead),
        st.builds(KnownNumber, known=ahead, unknown=ahead),
        st.builds(Callback, prompts=utterances(), without_number=ahead),
    )


def _assignments(ahead: st.SearchStrategy[NodeId]) -> st.SearchStrategy[Assign]:
    fitting = {
        name: st.none() | values(variable.kind, deep=1) for name, variable in VARIABLES.items()
    }
    return st.builds(Assign, values=st.fixed_dictionaries({}, optional=fitting), next=ahead)


@cache  # building strategies costs more than drawing from them
def _nodes(number: int, count: int) -> st.SearchStrategy[Node]:
    """Return what may stand at this place of a script of so many nodes."""
    anywhere = st.sampled_from(_ALL_NAMES[:count])
    if number == count - 1:
        return ways_out(anywhere)
    ahead = st.sampled_from(_ALL_NAMES[number + 1 : count])
    heard = st.builds(Play, prompts=SPOKEN, next=anywhere)
    return st.one_of(heard, _asking(anywhere), _passing(ahead), ways_out(anywhere))


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Return a script as the loader lets pass."""
    count = draw(st.integers(1, len(_ALL_NAMES)))
    return Script(
        script=ScriptId("any"),
        entry=_ALL_NAMES[0],
        nodes={_ALL_NAMES[each]: draw(_nodes(each, count)) for each in range(count)},
        variables=VARIABLES,
        languages=_LANGUAGES,
    )
