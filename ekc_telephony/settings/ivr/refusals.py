"""
What to write instead of an expression that is refused.

Admins know Jinja2, Python, spreadsheets and the dialplan, and write what these have. A refusal
names what was found in their words, and says what stands for it here.

Rule 1: nothing is decided here: whatever comes in has been refused already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from jinja2 import nodes

WHAT_THERE_IS: Final = (
    "names, constants, == != < <= > >=, in [..] or in a text, and, or, not, + - // and %, "
    "`is defined` and the filters length, upper and lower"
)
WHAT_IS_MEANT_BY_A_NAME: Final = "; a text stands in quotes: 'pensions'"

_BY_THE_SYSTEM: Final = "+ - // and %, or let the information system compute it"
_WITH_BRANCHES: Final = "a `branch` node, and a `set` node on each of its ways"
_NO_PARTS: Final = "the whole text, or ask for a part of it: '122' in dialled"
_KINDS_INSTEAD: Final = "no filter: the kind under `variables:` says what a value is"
_UNSET: Final = "`name is defined` or `name is not defined`"
_DATE: Final = "a date in quotes: '2026-12-31'"
_WHOLE_DIVISION: Final = "whole division `n // 2`, or its remainder `n % 2`"

_KINDS: Final[Mapping[type[nodes.Node], tuple[str, str]]] = {
    nodes.Mul: ("the operator *", _BY_THE_SYSTEM),
    nodes.Pow: ("the operator **", _BY_THE_SYSTEM),
    nodes.Div: ("the operator /", _WHOLE_DIVISION),
    nodes.Concat: ("the operator ~", "`+` between two texts"),
    nodes.CondExpr: ("`… if … else …`", _WITH_BRANCHES),
    nodes.Getitem: ("a part in square brackets", _NO_PARTS),
    nodes.Neg: ("a minus before a name", "`0 - name`"),
    nodes.Pos: ("a plus before a name", "the name alone"),
    nodes.Const: ("none", _UNSET),
    nodes.List: ("a list", "a list after `in` only: name in ['altai', 'omsk']"),
    nodes.Tuple: ("a list", "a list after `in` only: name in ['altai', 'omsk']"),
    nodes.Dict: ("braces", "the expression without braces"),
}
_CALLS: Final[Mapping[str, str]] = {
    "upper": "the filter: `name | upper`",
    "lower": "the filter: `name | lower`",
    "len": "the filter: `name | length`",
    "startswith": _NO_PARTS,
    "endswith": _NO_PARTS,
    "int": _KINDS_INSTEAD,
    "str": _KINDS_INSTEAD,
    "now": "an `hours` node: it asks the clock",
}
_FILTERS: Final[Mapping[str, str]] = {
    "default": "`initial:` at the variable, or a `branch` on `name is defined`",
    "d": "`initial:` at the variable, or a `branch` on `name is defined`",
    "count": "the filter length; count(…) stands in texts only",
    "int": _KINDS_INSTEAD,
    "float": _KINDS_INSTEAD,
    "string": _KINDS_INSTEAD,
    "capitalize": "the filters upper and lower",
    "title": "the filters upper and lower",
}
_TESTS: Final[Mapping[str, str]] = {
    "none": _UNSET,
    "undefined": _UNSET,
    "defined": "`caller.has_number`; what else has a dot is always known",
    "odd": "`n % 2 == 1`",
    "even": "`n % 2 == 0`",
    "divisibleby": "`n % 3 == 0`",
    "in": "`in` without `is`",
    "true": "the name alone",
    "false": "`not` and the name",
    "upper": "`name == name | upper`",
    "lower": "`name == name | lower`",
}
_NAMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("yes", "no", "on", "off", "TRUE", "FALSE"), "true or false"),
    **dict.fromkeys(("null", "nil", "NULL"), _UNSET),
    **dict.fromkeys(("now", "today", "time"), "an `hours` node: it asks the clock"),
    "caller": "caller.number or caller.has_number",
    "did": "dialled",
    "exten": "dialled",
}
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_WRITTEN: Final = (
    (re.compile(r"&&?"), "and"),
    (re.compile(r"\|\|"), "or"),
    (re.compile(r"<>"), "!="),
    (re.compile(r"!(?!=)"), "not"),
    (re.compile(r"===?=|(?<![=!<>])=(?!=)"), "=="),
    (re.compile(r"[«»„“”‘’`]"), "straight quotes: 'pensions'"),
    (re.compile(r"\b(?:AND|OR|NOT|IN|IS)\b"), "small letters: and, or, not, in, is"),
    (re.compile(r"\?"), _WITH_BRANCHES),
    (re.compile(r"\d:\d"), "a time in quotes: '09:30'"),
    (re.compile(r"\d\.\d+\.\d|\d-\d+-\d"), _DATE),
    (re.compile(r"[{}$]"), "the expression without braces and without $"),
)
"""What is no grammar at all, and what stands for it."""


def refused_node(node: nodes.Node) -> tuple[str, str]:
    """Return what a node is in the words of whoever wrote it, and what to write instead."""
    match node:
        case nodes.Call(node=nodes.Name(name=name) | nodes.Getattr(attr=name)):
            return f"the call {name}(…)", _CALLS.get(name, WHAT_THERE_IS)
        case nodes.Filter(name=name):
            return f"the filter {name}, used so", _FILTERS.get(name, WHAT_THERE_IS)
        case nodes.Test(name=name):
            return f"the test `is {name}`, used so", _TESTS.get(name, WHAT_THERE_IS)
        case nodes.Getitem(node=nodes.Const(value=float())):
            return "a date without quotes", _DATE
        case nodes.Compare():
            return "a chain of comparisons", "two of them: 1 < n and n < 9"
        case _:
            unknown = f"what Jinja2 calls {type(node).__name__}", WHAT_THERE_IS
            return _KINDS.get(type(node), unknown)


def refused_name(name: str, known: str) -> str:
    """Return what to write instead of a name that nobody declares."""
    return _NAMES.get(name) or f"one of: {known}{WHAT_IS_MEANT_BY_A_NAME}"


def refused_text(text: str) -> str:
    """Return what to write instead of a text that is no expression at all."""
    plain = _QUOTED.sub("''", text)
    fitting = (instead for pattern, instead in _WRITTEN if pattern.search(plain))
    return next(fitting, WHAT_THERE_IS)
