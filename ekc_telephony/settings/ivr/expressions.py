"""
Expressions that admins write, read by Jinja2's parser and turned into the core's closed tree.

Jinja2 gives the grammar that people know from elsewhere; nothing of it is executed. Whatever is not
listed in `_Reader` is refused with its name, and with what to write instead (`refusals.py`): calls,
loops, attributes, arithmetic that grows without bounds.

Rule 1: every expression has a kind, and two values that meet have the same one. A constant takes
the kind of what it meets: `sum > 100` compares rubles, `day < '2026-12-31'` dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

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
from ekc_telephony.core.ivr.values import LONGEST_TEXT, MOST, Value, VariableKind, from_answer
from ekc_telephony.settings.ivr.refusals import (
    WHAT_THERE_IS,
    refused_name,
    refused_node,
    refused_text,
)

GRAMMAR: Final = ImmutableSandboxedEnvironment(autoescape=False)
"""Only its parser is used."""

OF_EVERY_CALL: Final[Mapping[str, VariableKind]] = MappingProxyType(
    {
        "caller.number": VariableKind.TEXT,
        "caller.has_number": VariableKind.FLAG,
        "dialled": VariableKind.TEXT,
        "language": VariableKind.TEXT,
    }
)
"""What is known without a declaration."""

_RELATIONS: Final = {
    "eq": Relation.EQUAL,
    "ne": Relation.UNEQUAL,
    "lt": Relation.LESS,
    "lteq": Relation.AT_MOST,
    "gt": Relation.MORE,
    "gteq": Relation.AT_LEAST,
}
_IN: Final = frozenset({"in", "notin"})
_NUMERIC: Final = frozenset({VariableKind.NUMBER, VariableKind.MONEY})
_FILTERS: Final[Mapping[str, LetterCase | None]] = {
    "length": None,
    "upper": LetterCase.UPPER,
    "lower": LetterCase.LOWER,
}
"""What follows `|`; None for the number of characters."""
_EXAMPLES: Final[Mapping[VariableKind, str]] = {
    VariableKind.FLAG: "true or false",
    VariableKind.NUMBER: "a whole number, such as 100",
    VariableKind.MONEY: "a sum in rubles, such as 99.50",
    VariableKind.DATE: "a date, such as '2026-12-31'",
    VariableKind.TIME: "a time, such as '09:30'",
}
_DEEPEST: Final = 40


class ExpressionRefusedError(Exception):
    """
    An expression cannot be used.

    Args:
        found: What was found in it.
        expected: What could stand there.
    """

    def __init__(self, found: str, *, expected: str = WHAT_THERE_IS) -> None:
        super().__init__(found)
        self.found = found
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression and the kind of its value."""

    expression: Expression
    kind: VariableKind


def read_expression(text: str, kinds: Mapping[str, VariableKind]) -> Typed:
    """
    Read one expression.

    Args:
        text: As it stands in the script, without braces.
        kinds: The variables that are declared.

    Raises:
        ExpressionRefusedError: It cannot be used; says why.
    """
    if len(text) > LONGEST_TEXT:
        raise ExpressionRefusedError(f"{len(text)} characters", expected="at most 1,000")
    try:
        body = parsed("{{ " + text + " }}")
    except ExpressionRefusedError as refused:
        raise ExpressionRefusedError(refused.found, expected=refused_text(text)) from None
    match body:
        case [nodes.Output(nodes=[inner])]:
            return read_node(inner, kinds)
        case _:
            raise ExpressionRefusedError(f"«{text}»", expected="one expression without braces")


def parsed(template: str) -> list[nodes.Node]:
    """
    Return the body of a Jinja2 template.

    Raises:
        ExpressionRefusedError: It is none.
    """
    try:
        return GRAMMAR.parse(template).body
    except (TemplateSyntaxError, RecursionError, ValueError) as error:
        raise ExpressionRefusedError(f"«{template}»: {error}") from None


def read_node(node: nodes.Node, kinds: Mapping[str, VariableKind]) -> Typed:
    """
    Read one node of Jinja2's tree.

    Raises:
        ExpressionRefusedError: It cannot be used.
    """
    return _Reader({**kinds, **OF_EVERY_CALL}).read(node, _DEEPEST)


class _Reader:
    """Turns Jinja2's nodes into the core's."""

    def __init__(self, kinds: Mapping[str, VariableKind]) -> None:
        self._kinds = kinds

    def read(self, node: nodes.Node, depth: int) -> Typed:  # noqa: C901, PLR0911, PLR0912 (one row each)
        """Return the node as an expression."""
        if depth == 0:
            raise ExpressionRefusedError("brackets within brackets", expected="at most 40 deep")
        inner = depth - 1
        match node:
            case nodes.Const(value=bool() as value):
                return Typed(Constant(value), VariableKind.FLAG)
            case nodes.Const(value=int() as value):
                return _number(value)
            case nodes.Const(value=float() as value):
                # Rubles and kopecks, as soon as it meets money.
                return Typed(Constant(str(value)), VariableKind.TEXT)
            case nodes.Const(value=str() as value):
                return Typed(Constant(value), VariableKind.TEXT)
            case nodes.Name(name=name):
                return self._named(name)
            case nodes.Getattr(node=nodes.Name(name=owner), attr=attr):
                return self._named(f"{owner}.{attr}")
            case nodes.Not(node=operand):
                return Typed(Not(self._condition(operand, inner)), VariableKind.FLAG)
            case nodes.And(left=left, right=right):
                sides = self._condition(left, inner), self._condition(right, inner)
                return Typed(Both(*sides), VariableKind.FLAG)
            case nodes.Or(left=left, right=right):
                sides = self._condition(left, inner), self._condition(right, inner)
                return Typed(Either(*sides), VariableKind.FLAG)
            case nodes.Compare(expr=left, ops=[nodes.Operand(op=op, expr=right)]):
                return self._compared(op, left, right, inner)
            case nodes.Add(left=left, right=right) | nodes.Sub(left=left, right=right):
                return self._sum(left, right, inner, is_difference=isinstance(node, nodes.Sub))
            case nodes.Neg(node=nodes.Const(value=int() as value)):
                return _number(-value)
            case nodes.Neg(node=nodes.Const(value=float() as value)):
                return Typed(Constant(str(-value)), VariableKind.TEXT)
            case nodes.FloorDiv(left=left, right=right):
                return self._divided(DivisionPart.WHOLE, left, right, inner)
            case nodes.Mod(left=left, right=right):
                return self._divided(DivisionPart.REMAINDER, left, right, inner)
            case nodes.Filter(name=name, node=nodes.Expr() as text, args=[], kwargs=[]) if (
                name in _FILTERS and node.dyn_args is None and node.dyn_kwargs is None
            ):
                return self._filtered(name, text, inner)
            case nodes.Test(name="defined", node=nodes.Name(name=name)):
                self._named(name)
                return Typed(IsSet(name), VariableKind.FLAG)
            case _:
                found, instead = refused_node(node)
                raise ExpressionRefusedError(found, expected=instead)

    def _named(self, name: str) -> Typed:
        kind = self._kinds.get(name)
        if kind is None:
            known = ", ".join(sorted(self._kinds))
            raise ExpressionRefusedError(
                f"the variable {name}, which nobody declares", expected=refused_name(name, known)
            )
        return Typed(Known(name), kind)

    def _condition(self, node: nodes.Node, depth: int) -> Expression:
        return self._of(node, VariableKind.FLAG, depth)

    def _of(self, node: nodes.Node, kind: VariableKind, depth: int) -> Expression:
        found = self.read(node, depth)
        if found.kind is not kind:
            raise ExpressionRefusedError(
                f"a {found.kind.value} where a {kind.value} is needed", expected=f"a {kind.value}"
            )
        return found.expression

    def _compared(self, op: str, left: nodes.Node, right: nodes.Node, depth: int) -> Typed:
        if op in _IN:
            is_list = isinstance(right, nodes.List | nodes.Tuple)
            read = self._one_of if is_list else self._part_of
            chosen = read(left, right, depth)
            return Typed(chosen if op == "in" else Not(chosen), VariableKind.FLAG)
        first, second = _alike(self.read(left, depth), self.read(right, depth))
        relation = _RELATIONS[op]
        if first.kind is VariableKind.FLAG and relation not in {Relation.EQUAL, Relation.UNEQUAL}:
            raise ExpressionRefusedError("flags that are put in order", expected="== or !=")
        compared = Compared(relation, first.expression, second.expression)
        return Typed(compared, VariableKind.FLAG)

    def _one_of(self, left: nodes.Node, right: nodes.Node, depth: int) -> Expression:
        assert isinstance(right, nodes.List | nodes.Tuple)
        asked = self.read(left, depth)
        options: list[Value] = []
        for item in right.items:
            _, option = _alike(asked, self.read(item, depth))
            if not isinstance(option.expression, Constant):
                raise ExpressionRefusedError("a list with variables", expected="constants")
            options.append(option.expression.value)
        return OneOf(asked.expression, tuple(options))

    def _part_of(self, left: nodes.Node, right: nodes.Node, depth: int) -> Expression:
        whole = self.read(right, depth)
        if whole.kind is not VariableKind.TEXT:
            raise ExpressionRefusedError(
                f"`in` before a {whole.kind.value}",
                expected="constants in brackets: in ['altai', 'omsk'], or a text: 'omsk' in place",
            )
        part = as_kind(self.read(left, depth), VariableKind.TEXT)
        return PartOf(part.expression, whole.expression)

    def _filtered(self, name: str, text: nodes.Node, depth: int) -> Typed:
        inner = self._of(text, VariableKind.TEXT, depth)
        letters = _FILTERS[name]
        if letters is None:
            return Typed(Length(inner), VariableKind.NUMBER)
        return Typed(Cased(letters, inner), VariableKind.TEXT)

    def _divided(
        self, part: DivisionPart, left: nodes.Node, right: nodes.Node, depth: int
    ) -> Typed:
        first, second = _alike(self.read(left, depth), self.read(right, depth))
        if first.kind not in _NUMERIC:
            raise ExpressionRefusedError(
                f"a {first.kind.value} beside {part.value}", expected="numbers"
            )
        if second.expression == Constant(0):
            raise ExpressionRefusedError(
                f"0 after {part.value}", expected="another number: the value would be unknown"
            )
        # How often a sum of money goes into another one is no money.
        kind = VariableKind.NUMBER if part is DivisionPart.WHOLE else first.kind
        return Typed(Divided(part, first.expression, second.expression), kind)

    def _sum(
        self, left: nodes.Node, right: nodes.Node, depth: int, *, is_difference: bool
    ) -> Typed:
        first, second = _alike(self.read(left, depth), self.read(right, depth))
        allowed = _NUMERIC if is_difference else _NUMERIC | {VariableKind.TEXT}
        if first.kind not in allowed:
            sign = "-" if is_difference else "+"
            raise ExpressionRefusedError(f"a {first.kind.value} beside {sign}", expected="numbers")
        return Typed(Sum(first.expression, second.expression, is_difference), first.kind)


def _alike(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Return both with one kind; a constant takes that of the other side."""
    if left.kind is right.kind:
        return left, right
    if isinstance(right.expression, Constant):
        return left, as_kind(right, left.kind)
    if isinstance(left.expression, Constant):
        return as_kind(left, right.kind), right
    raise ExpressionRefusedError(
        f"a {left.kind.value} beside a {right.kind.value}",
        expected="two of one kind; dates and times stand in quotes: '2026-12-31', '09:30'",
    )


def as_kind(found: Typed, kind: VariableKind) -> Typed:
    """
    Return an expression of this kind; a constant is read as one.

    Raises:
        ExpressionRefusedError: It is of another kind.
    """
    if found.kind is kind:
        return found
    match found.expression:
        case Constant(value=value) if (read := from_answer(kind, _plain(value))) is not None:
            return Typed(Constant(read), kind)
        case Constant(value=value):
            example = _EXAMPLES.get(kind, f"a {kind.value}")
            raise ExpressionRefusedError(f"«{value}»", expected=example)
        case _:
            raise ExpressionRefusedError(f"a {found.kind.value}", expected=f"a {kind.value}")


def _number(value: int) -> Typed:
    if abs(value) > MOST:
        raise ExpressionRefusedError("a number beyond all bounds", expected=f"at most {MOST}")
    return Typed(Constant(value), VariableKind.NUMBER)


def _plain(value: Value) -> object:
    return value
