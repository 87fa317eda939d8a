"""
A script as cards: what a person sees of it.

A card is a node as its admin wrote it, whatever the core made of it. It has a heading, what the
caller hears, and a row for every way on. A row leads to a card of its own, drawn to its right, or
names one that stands elsewhere: so no line ever crosses another, however often «an operator» is
where ways end.

Rule 1: every node of the script is on exactly one card; a card nobody comes to stands apart.
Rule 2: a card is drawn where the caller comes to it first, on the shortest way from the entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final, assert_never

from ekc_telephony.core.ivr.script import (
    Assign,
    Branch,
    Callback,
    Collect,
    Enqueue,
    Goodbye,
    Hours,
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
)
from ekc_telephony.core.ivr.utterance import Insert, Utterance
from ekc_telephony.core.ivr.values import VariableKind
from ekc_telephony.core.ivr.ways import Way, Why, ways_of
from ekc_telephony.core.ivr.wording import written as written_text
from ekc_telephony.core.kernel.ids import NodeId, PromptKey


class Look(Enum):
    """What a card is about; decides its colour."""

    SAYS = "says"
    ASKS = "asks"
    DIVIDES = "divides"
    LOOKS_UP = "looks_up"
    PERSON = "person"
    APPEAL = "appeal"
    GOODBYE = "goodbye"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A way on."""

    label: str
    to: str
    """The name of a card."""
    is_drawn_here: bool
    """That card is drawn as this row's own; otherwise it stands elsewhere."""
    is_worst: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A node as its admin wrote it."""

    name: str
    look: Look
    heading: str
    says: tuple[str, ...]
    """What the caller hears, and the conditions of a branch."""
    rows: tuple[Row, ...]
    written_at: str = ""
    """`file:line`."""
    is_worst: bool = False
    """On the worst way to a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A whole script."""

    title: str
    cards: Mapping[str, Card]
    entry: str
    apart: tuple[str, ...]
    """Cards that nobody comes to from the entry, each of which begins a drawing of its own."""
    note: str = ""
    """What is told of the worst way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What is known of a script besides its nodes."""

    card_of: Mapping[NodeId, str]
    """Node → the name of the node that its admin wrote."""
    written_at: Mapping[str, str]
    """Card → `file:line`."""
    texts: Mapping[PromptKey, str]
    """What prompts say, in the language of the picture."""
    worst: Sequence[NodeId] = ()
    """The worst way to a person."""
    note: str = ""


SILENCE: Final = "молчит или ошибается"
_LOOKED_UP: Final[Mapping[str, str]] = {
    "found": "ответ есть",
    "not_found": "ничего нет",
    "failed": "система молчит",
}
_PARTS: Final[Mapping[str, str]] = {
    "identified": "узнан",
    "again": "не узнан",
    "unknown": "не узнан",
    "failed": "система молчит",
}
"""What a way out of a part of `identify` means."""


def picture_of(script: Script, written: Written) -> Picture:
    """Return a script as cards."""
    members: dict[str, list[NodeId]] = {}
    for node in script.nodes:
        members.setdefault(written.card_of[node], []).append(node)
    ways = {name: _ways_out(script, nodes, written.card_of) for name, nodes in members.items()}
    entry = written.card_of[script.entry]
    drawn_by, apart = _tree(entry, members, ways)
    worst = list(dict.fromkeys(written.card_of[node] for node in written.worst))
    steps = set(pairwise(worst))
    cards = {
        name: Card(
            name=name,
            look=_look(script.nodes[_main(nodes)]),
            heading=_heading(script.nodes[_main(nodes)]),
            says=(
                *_conditions(script, script.nodes[_main(nodes)]),
                *_says(script, nodes, written.texts),
            ),
            rows=tuple(
                Row(
                    label=label,
                    to=to,
                    is_drawn_here=drawn_by.get(to) == (name, index),
                    is_worst=(name, to) in steps,
                )
                for index, (label, to) in enumerate(ways[name])
            ),
            written_at=written.written_at.get(name, ""),
            is_worst=name in worst,
        )
        for name, nodes in members.items()
    }
    return Picture(
        title=script.script, cards=cards, entry=entry, apart=tuple(apart), note=written.note
    )


def _main(nodes: Sequence[NodeId]) -> NodeId:
    """Return the node of a card that bears its name."""
    return min(nodes, key=len)


def _tree(
    entry: str,
    members: Mapping[str, Sequence[NodeId]],
    ways: Mapping[str, Sequence[tuple[str, str]]],
) -> tuple[dict[str, tuple[str, int]], list[str]]:
    """Return by which row of which card each card is drawn, and the cards that stand apart."""
    drawn_by: dict[str, tuple[str, int]] = {}
    seen: set[str] = set()
    apart: list[str] = []
    for root in [entry, *members]:
        if root in seen:
            continue
        if root != entry:
            apart.append(root)
        seen.add(root)
        ahead = [root]
        while ahead:
            name = ahead.pop(0)
            for index, (_, to) in enumerate(ways[name]):
                if to not in seen:
                    seen.add(to)
                    drawn_by[to] = (name, index)
                    ahead.append(to)
    return drawn_by, apart


def _ways_out(
    script: Script, nodes: Iterable[NodeId], card_of: Mapping[NodeId, str]
) -> list[tuple[str, str]]:
    """Return label and card of every way that leads out of a card; several keys become one row."""
    rows: dict[tuple[str, str], None] = {}
    keys: dict[str, list[str]] = {}
    for name in nodes:
        node = script.nodes[name]
        for way in ways_of(node):
            to = card_of[way.to]
            is_back = way.to == min(nodes, key=len)
            if to == card_of[name] and not (is_back and way.why is Why.KEY):
                continue
            if way.why is Why.KEY:
                keys.setdefault(to, []).append(_answered(node, way.label))
            else:
                rows[_label(name, node, way), to] = None
    return [*((", ".join(pressed), to) for to, pressed in keys.items()), *rows]


def _answered(node: Node, key: str) -> str:
    if isinstance(node, Question) and node.answers[key] != key:
        return f"{key} — {node.answers[key]}"
    return key


def _label(name: NodeId, node: Node, way: Way) -> str:  # noqa: PLR0911 (one row each)
    part = _PARTS.get(name.rpartition(".")[2]) if "." in name else None
    match way.why:
        case Why.ONWARD:
            return part or ("дальше" if not isinstance(node, Collect) else "набрал")
        case Why.KEY:
            return way.label
        case Why.FAILED:
            return "промолчал" if isinstance(node, Question) else SILENCE
        case Why.WORLD:
            return part if part and isinstance(node, Assign) else _world(node, way.label)
        case Why.UNAVAILABLE:
            return _unavailable(node)
        case Why.AFTER_TALK:
            return "оператор положил трубку"
        case Why.SPENT:
            return part or "слишком часто"
        case _:
            assert_never(way.why)


def _world(node: Node, label: str) -> str:
    match node:
        case Hours():
            return "открыто" if label == "open" else "закрыто"
        case Until(moment=moment):
            return f"{'до' if label == 'before' else 'после'} {moment:%d.%m.%Y %H:%M}"
        case KnownNumber():
            return "номер известен" if label == "known" else "номер скрыт"
        case Lookup():
            return _LOOKED_UP[label]
        case Branch():
            return "иначе" if label == "otherwise" else f"условие {label}"
        case _:
            return label


def _unavailable(node: Node) -> str:
    match node:
        case Message():
            return "ничего не сказал"
        case Transfer():
            return "там не ответили"
        case _:
            return "номер скрыт"


def _look(node: Node) -> Look:  # noqa: PLR0911 (one row each)
    match node:
        case Play() | SetLanguage():
            return Look.SAYS
        case Menu() | Collect() | Question():
            return Look.ASKS
        case Hours() | Until() | Branch() | Assign() | Limit() | KnownNumber():
            return Look.DIVIDES
        case Lookup():
            return Look.LOOKS_UP
        case Enqueue() | Transfer():
            return Look.PERSON
        case Callback() | Message():
            return Look.APPEAL
        case Goodbye():
            return Look.GOODBYE
        case _:
            assert_never(node)


def _heading(node: Node) -> str:  # noqa: C901, PLR0911, PLR0912 (one row each)
    match node:
        case Play(prompts=prompts):
            return "Фраза" if prompts else "Другой сценарий"
        case Menu():
            return "Меню"
        case Collect(into=into):
            return f"Набор цифр → {into}" if "." not in into else "Кто звонит"
        case Question(is_rating=is_rating):
            return "Оценка" if is_rating else "Вопрос"
        case Hours(schedule=schedule):
            return f"Часы работы: {schedule}"
        case Until():
            return "До срока"
        case Branch():
            return "Условие"
        case Assign(values=values):
            return f"Запомнить: {', '.join(values)}"
        case Limit(times=times):
            return f"Не больше {times} раз"
        case Lookup(service=service):
            return f"Запрос: {service}"
        case SetLanguage(language=language):
            return f"Язык: {language}"
        case KnownNumber():
            return "Номер известен?"
        case Enqueue(queue=queue):
            return f"Оператор: {queue}"
        case Transfer(number=number):
            return f"Перевод: {number}"
        case Callback():
            return "Перезвоним"
        case Message():
            return "Голосовое сообщение"
        case Goodbye():
            return "До свидания"
        case _:
            assert_never(node)


def _says(script: Script, nodes: Iterable[NodeId], texts: Mapping[PromptKey, str]) -> Iterator[str]:
    money = _money_of(script)
    for name in sorted(nodes, key=len):
        prompts: Utterance = getattr(script.nodes[name], "prompts", ())
        if prompts:
            words = (
                f"‹{written_text(part.value, money=money)}›"
                if isinstance(part, Insert)
                else texts.get(part, part)
                for part in prompts
            )
            yield f"«{' '.join(words)}»"


def _conditions(script: Script, node: Node) -> Iterator[str]:
    money = _money_of(script)
    if isinstance(node, Branch):
        for number, case in enumerate(node.cases, 1):
            yield f"{number}: {written_text(case.when, money=money)}"
    if isinstance(node, Assign):
        for name, value in node.values.items():
            told = value and written_text(value, money=money, is_money=name in money)
            yield f"{name} = {told or '—'}"


def _money_of(script: Script) -> frozenset[str]:
    variables = script.variables.items()
    return frozenset(name for name, each in variables if each.kind is VariableKind.MONEY)
