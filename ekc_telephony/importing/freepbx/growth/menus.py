"""
What one row of `ivr_details` and its rows of `ivr_entries` mean, before nodes are made of them.

The dialplan of FreePBX (module ivr, functions.inc.php, `ivr_get_config`) has two counters for each
menu: wrong keys beyond `invalid_loops` lead to `invalid_destination`, silences beyond
`timeout_loops` to `timeout_destination`; `disabled` says sorry and hangs up, unless the menu has a
key `i` or `t`. Our menu counts both together and has one way out. Therefore:

Rule 1: the smaller of both counts is taken, so that nobody goes round longer than before.
Rule 2: of two ways out the one to a person is taken, silence first: for who cannot press keys.
Rule 3: hanging up on somebody who failed is never taken over (G2); he is led to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ekc_telephony.importing.freepbx.source.destinations import (
    Place,
    read_destination,
    small_number,
)
from ekc_telephony.importing.freepbx.source.office import Office
from ekc_telephony.importing.freepbx.source.tables import Row, one_line
from ekc_telephony.importing.freepbx.writing.ledger import Ledger, Weight

DISABLED: Final = "disabled"
DEFAULT: Final = "default"
MOST_RETRIES: Final = 9
"""What a menu of ours allows."""
ADVISED_RETRIES: Final = 1
"""Two failures lead to a person (requirement G2)."""

_KEY: Final = re.compile(r"[0-9*#]", re.ASCII)
_PATTERNS: Final[Mapping[str, str]] = {"X": "0123456789", "Z": "123456789", "N": "23456789"}
_PEOPLE: Final = frozenset({Place.QUEUE, Place.RING_GROUP, Place.EXTENSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One key of a menu."""

    row: Row
    written: str
    """The destination."""
    may_return: bool
    """FreePBX's «Return»: back to the menu he came from, if he came from one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """Where a menu leads who failed too often."""

    row: Row
    written: str
    recording: str
    """A recording's number, `default`, or nothing."""
    may_return: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """One menu of FreePBX."""

    number: str
    row: Row
    title: str
    choices: Mapping[str, Choice]
    exit: Exit | None
    """None where FreePBX hangs up or says nothing."""
    retries: int

    def jumps(self) -> Iterator[str]:
        """Yield every destination to which it leads for good: all but those of «Return»."""
        yield from (each.written for each in self.choices.values() if not each.may_return)
        if self.exit is not None and not self.exit.may_return:
            yield self.exit.written

    def ways(self) -> Iterator[str]:
        """Yield every destination that the imported menu has."""
        yield from (each.written for each in self.choices.values())
        if self.exit is not None:
            yield self.exit.written


def leads_to_a_person(written: str) -> bool:
    """Return whether a destination is a queue, a group or an extension."""
    return read_destination(written).place in _PEOPLE


def read_menu(office: Office, number: str, ledger: Ledger) -> Menu:
    """Return what a menu means; tell what of it a menu of ours cannot."""
    row = office.ivrs[number]
    name = one_line(row["name"])
    title = f"IVR {number}" + (f" «{name}»" if name else "")
    rows = office.entries[number]
    _tell_features(row, title, ledger)
    reader = _Reader(row=row, title=title, rows=rows, ledger=ledger)
    found, retries = reader.exit()
    return Menu(
        number=number, row=row, title=title, choices=reader.choices(), exit=found, retries=retries
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    """One of the two ways out."""

    kind: str
    """`timeout` or `invalid`, as the columns begin."""
    word: str
    exit: Exit
    loops: int


class _Reader:
    def __init__(self, *, row: Row, title: str, rows: list[Row], ledger: Ledger) -> None:
        self._row, self._title, self._rows, self._ledger = row, title, rows, ledger

    def choices(self) -> dict[str, Choice]:
        """Return the keys; an exact key comes before a pattern, the first row before a second."""
        choices: dict[str, Choice] = {}
        patterns: list[Row] = []
        for row in self._rows:
            selection = row["selection"]
            if _KEY.fullmatch(selection):
                self._take(choices, selection, row)
            elif _pattern_keys(selection):
                patterns.append(row)
            elif selection not in {"t", "i"}:
                self._leave(row)
        for row in patterns:
            self._spread(choices, row)
        return dict(sorted(choices.items(), key=lambda each: "123456789*#0".index(each[0])))

    def _take(self, choices: dict[str, Choice], key: str, row: Row) -> None:
        if key in choices:
            self._tell(
                row,
                Weight.DECIDE,
                what=f"не перенесено: клавиша {key} задана дважды, FreePBX слушает первую строку",
                advice="удалите лишнюю строку во FreePBX или выберите направление сами",
            )
            return
        choices[key] = _choice(row)

    def _spread(self, choices: dict[str, Choice], row: Row) -> None:
        free = [key for key in _pattern_keys(row["selection"]) if key not in choices]
        choices.update({key: _choice(row) for key in free})
        self._tell(
            row,
            Weight.CHANGED,
            what=f"шаблон {one_line(row['selection'])} записан клавишами: {', '.join(free) or '–'}",
            advice="проверьте, все ли эти клавиши названы в подсказке",
        )

    def _leave(self, row: Row) -> None:
        selection = one_line(row["selection"]) or "пусто"
        self._tell(
            row,
            Weight.DECIDE,
            what=f"не перенесено: «{selection}» – не одна клавиша; меню ЕКЦ слушает по одной. "
            f"Вело сюда: {one_line(row['dest']) or 'никуда'}",
            advice="дайте этому пункту одну клавишу или вложенное меню и перепишите подсказку",
        )

    def exit(self) -> tuple[Exit | None, int]:
        """Return the way out and how many failures are forgiven before it."""
        branches = [each for each in (self._branch("timeout"), self._branch("invalid")) if each]
        useful = [each for each in branches if not _hangs_up(each.exit.written)]
        people = [each for each in useful if leads_to_a_person(each.exit.written)]
        chosen = next(iter(people or useful), None)
        if chosen is None:
            self._tell_no_way_out(branches)
        elif len({each.exit.written for each in branches}) > 1:
            self._tell_other_way(chosen, branches)
        return (None if chosen is None else chosen.exit), self._retries(branches)

    def _branch(self, kind: str) -> _Branch | None:
        word = {"timeout": "молчание", "invalid": "неверная клавиша"}[kind]
        entry = next((r for r in self._rows if r["selection"] == kind[0]), None)
        if self._row[f"{kind}_loops"].lower() != DISABLED:
            if entry is not None:
                self._tell(
                    entry,
                    Weight.NOTE,
                    what=f"не перенесено: FreePBX не слушает «{kind[0]}», пока задан {kind}_loops",
                    advice="ничего",
                )
            return self._branch_of_menu(kind, word)
        if entry is not None:
            self._ledger.carried(entry)
            found = Exit(row=entry, written=entry["dest"], recording="", may_return=False)
            return _Branch(kind=kind, word=word, exit=found, loops=0)
        self._tell(
            self._row,
            Weight.CHANGED,
            what=f"{word}: FreePBX извинялся и вешал трубку ({kind}_loops = disabled); здесь нет",
            advice="проверьте retries и exhausted этого меню",
        )
        return None

    def _branch_of_menu(self, kind: str, word: str) -> _Branch:
        written = self._row[f"{kind}_loops"]
        loops = small_number(written)
        found = Exit(
            row=self._row,
            written=self._row[f"{kind}_destination"],
            recording=self._row[f"{kind}_recording"],
            may_return=self._row.says(f"{kind}_ivr_ret"),
        )
        return _Branch(kind=kind, word=word, exit=found, loops=loops)

    def _retries(self, branches: list[_Branch]) -> int:
        counts = [each.loops for each in branches]
        retries = min([*counts, MOST_RETRIES]) if counts else 0
        told = ", ".join(f"{each.kind}_loops {each.loops}" for each in branches)
        if len(set(counts)) > 1 or max(counts, default=0) > MOST_RETRIES:
            self._tell(
                self._row,
                Weight.CHANGED,
                what=f"{told}: ЕКЦ считает ошибки и молчание вместе, взято меньшее: {retries}",
                advice="проверьте retries этого меню",
            )
        if retries > ADVISED_RETRIES:
            self._tell(
                self._row,
                Weight.NOTE,
                what=f"прощается ошибок: {retries}; по требованию G2 вторая ведёт к человеку",
                advice=f"поставьте retries: {ADVISED_RETRIES}",
            )
        return retries

    def _tell_no_way_out(self, branches: list[_Branch]) -> None:
        told = "; ".join(f"{e.word} – {one_line(e.exit.written) or 'никуда'}" for e in branches)
        self._tell(
            self._row,
            Weight.DECIDE,
            what="кто не справился с меню, того FreePBX отключал"
            + (f" ({told})" if told else "")
            + "; здесь он попадает к оператору",
            advice="оставьте так (требование G2) или назовите в exhausted другой узел",
        )

    def _tell_other_way(self, chosen: _Branch, branches: list[_Branch]) -> None:
        for each in branches:
            if each.exit.written != chosen.exit.written:
                self._tell(
                    self._row,
                    Weight.DECIDE,
                    what=f"не перенесено {each.kind}_destination: {each.word} вело в "
                    f"{one_line(each.exit.written) or 'никуда'}; у меню ЕКЦ один выход, взят "
                    f"{chosen.kind}_destination",
                    advice="решите, куда вести того, кто не справился: ключ exhausted",
                )

    def _tell(self, row: Row, weight: Weight, *, what: str, advice: str) -> None:
        title = self._title
        if row.table == "ivr_entries":
            title += f", клавиша {one_line(row['selection']) or '–'}"
        self._ledger.remark(weight, row, title=title, what=what, advice=advice)


def _choice(row: Row) -> Choice:
    return Choice(row=row, written=row["dest"], may_return=row.says("ivr_ret"))


def _hangs_up(written: str) -> bool:
    return read_destination(written).place in {Place.TERMINATE, Place.NOWHERE}


def _pattern_keys(selection: str) -> str:
    """Return the keys that a dialplan pattern of one key stands for: `_X`, `_[1-3]`."""
    pattern = selection.upper()
    if not pattern.startswith("_"):
        return ""
    if pattern[1:] in _PATTERNS:
        return _PATTERNS[pattern[1:]]
    found = re.fullmatch(r"_\[([0-9]+(?:-[0-9])?)\]", pattern, re.ASCII)
    if found is None:
        return ""
    digits, _, last = found[1].partition("-")
    spread = "".join(str(n) for n in range(int(digits[-1]), int(last) + 1)) if last else ""
    return "".join(dict.fromkeys(digits + spread))


_FEATURES: Final = (
    (
        "directdial",
        Weight.DECIDE,
        "не перенесено: в меню можно было набрать внутренний номер ({}), в ЕКЦ – нельзя",
        "если граждане этим пользуются, дайте нужным людям пункты меню",
    ),
    (
        "retvm",
        Weight.CHANGED,
        "не перенесено: возврат в меню после голосовой почты",
        "оставивший сообщение слышит благодарность, ему перезванивают",
    ),
    (
        "alertinfo",
        Weight.NOTE,
        "не перенесено: Alert-Info ({}) для телефонов операторов",
        "мелодию телефонов в ЕКЦ настраивают в самих телефонах",
    ),
    (
        "rvolume",
        Weight.NOTE,
        "не перенесено: громкость звонка телефонов ({})",
        "громкость настраивают в самих телефонах",
    ),
    (
        "strict_dial_timeout",
        Weight.NOTE,
        "не перенесено: ожидание следующей цифры (Strict Dial Timeout): клавиша действует сразу",
        "ничего",
    ),
    (
        "accept_pound_key",
        Weight.NOTE,
        "не перенесено: решётка как часть набора (Accept Pound Key); в ЕКЦ # – обычная клавиша",
        "ничего",
    ),
)


def _tell_features(row: Row, title: str, ledger: Ledger) -> None:
    for column, weight, what, advice in _FEATURES:
        if row.says(column):
            shown = what.format(one_line(row[column]))
            ledger.remark(weight, row, title=title, what=shown, advice=advice)
    for kind, word in (("invalid", "неверной клавиши"), ("timeout", "молчания")):
        has_own = row[f"{kind}_retry_recording"] not in {"", "0"}
        if has_own and row.values.get(f"{kind}_append_announce", "1").strip() == "0":
            ledger.remark(
                Weight.CHANGED,
                row,
                title=title,
                what=f"после {word} FreePBX не повторял меню ({kind}_append_announce = 0), ЕКЦ "
                "повторяет",
                advice="ничего: повтор длиннее, зато понятнее",
            )


def seconds_of(row: Row) -> tuple[int, bool]:
    """Return how long the menu waits for a key, and whether FreePBX said so itself."""
    seconds = small_number(row["timeout_time"])
    return (seconds, True) if 0 < seconds <= _LONGEST_WAIT else (_USUAL_WAIT, False)


_LONGEST_WAIT: Final = 60
_USUAL_WAIT: Final = 5

__all__ = [
    "DEFAULT",
    "Choice",
    "Exit",
    "Menu",
    "leads_to_a_person",
    "read_menu",
    "seconds_of",
]
