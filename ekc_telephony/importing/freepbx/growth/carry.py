"""
All menus of an office as scripts, with what they name and what could not be carried over.

A script begins where citizens come in: at an inbound route that leads to a menu, or, where routes
are not in the export, at whatever nothing else leads to. Menus behind it become its nodes.

Rule 1: every menu is in a script: one that nothing reaches begins a script of its own.
Rule 2: a menu that several menus or numbers lead to is a script that they call (`sharing.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ekc_telephony.importing.freepbx.growth.growing import LANGUAGE, Grower
from ekc_telephony.importing.freepbx.growth.hours import Schedules
from ekc_telephony.importing.freepbx.growth.menus import Menu, read_menu
from ekc_telephony.importing.freepbx.growth.sharing import menus_to_call
from ekc_telephony.importing.freepbx.growth.sounds import Recordings
from ekc_telephony.importing.freepbx.growth.way import Shared, Way
from ekc_telephony.importing.freepbx.source.destinations import Destination, Place, read_destination
from ekc_telephony.importing.freepbx.source.office import HOMES, PASSED_ON, Office
from ekc_telephony.importing.freepbx.source.tables import Row, Tables, one_line
from ekc_telephony.importing.freepbx.writing.drafts import Outside, Prompt, Queue, Schedule, Script
from ekc_telephony.importing.freepbx.writing.ledger import Ledger, Remark, Weight
from ekc_telephony.importing.freepbx.writing.names import Names, slug

_DIALLED: Final = re.compile(r"\+?[0-9]{2,20}", re.ASCII)
"""What `numbers:` of `ekc.yaml` allows."""
_DESTINATIONS: Final = {
    Place.IVR: "ivr-{},s,1",
    Place.TIME_CONDITION: "timeconditions,{},1",
    Place.ANNOUNCEMENT: "app-announcement-{},s,1",
    Place.DAY_NIGHT: "app-daynight,{},1",
    Place.LANGUAGE: "app-languages,{},1",
    Place.CALLER_ID: "app-setcid,{},1",
    Place.PRIORITY: "app-queueprio,{},1",
}
"""What calls pass, and how FreePBX writes it."""
_SENT_ON: Final = frozenset({Place.LANGUAGE, *PASSED_ON})
"""What sends calls on by its column `dest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the admin decides beforehand."""

    person: str = "first_line"
    """The queue of those whose destination cannot be expressed."""
    time_zone: str = "Europe/Moscow"
    """Where the hours of the time groups are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Everything that an import makes."""

    scripts: tuple[Script, ...]
    queues: tuple[Queue, ...]
    schedules: tuple[Schedule, ...]
    outside: tuple[Outside, ...]
    prompts: tuple[Prompt, ...]
    remarks: tuple[Remark, ...]
    person: str
    rows: int
    """How many rows were read."""
    carried: frozenset[str]
    """Names of the rows that became part of scripts and snippets."""


def carry_over(tables: Tables, *, wishes: Wishes = Wishes()) -> Imported:
    """Return the scripts of all menus."""
    ledger = Ledger()
    importer = _Importer(tables, ledger, wishes)
    scripts = tuple(importer.scripts())
    shared = importer.shared
    _tell_absent(tables, ledger)
    remarks = ledger.close(tables.rows)
    return Imported(
        scripts=scripts,
        queues=tuple(shared.queues.values()),
        schedules=tuple(shared.schedules.found.values()),
        outside=tuple(shared.outside.values()),
        prompts=tuple(shared.recordings.prompts.values()),
        remarks=remarks,
        person=wishes.person,
        rows=len(tables.rows),
        carried=frozenset(row.name for row in tables.rows if ledger.is_carried(row)),
    )


@dataclass(slots=True, kw_only=True)
class _Root:
    """Where a script begins."""

    destination: Destination
    way: Way
    numbers: list[str]
    name: str
    """What the admin called it, if he did."""


class _Importer:
    def __init__(self, tables: Tables, ledger: Ledger, wishes: Wishes) -> None:
        self._tables, self._ledger = tables, ledger
        self._office = Office(tables, ledger)
        self._menus = {each: read_menu(self._office, each, ledger) for each in self._office.ivrs}
        self._met: set[str] = set()
        self._names = Names()
        self._to_grow: list[str] = []
        """Menus that scripts call, and that are not grown yet."""
        self._asked: set[str] = set()
        """Menus that scripts call."""
        called = menus_to_call(
            self._jumps(),
            came_in=self._came_in(),
            asking=frozenset(each.number for each in self._menus.values() if each.choices),
        )
        self.shared = Shared(
            office=self._office,
            ledger=ledger,
            recordings=Recordings(self._office, ledger),
            schedules=Schedules(self._office, ledger, time_zone=wishes.time_zone),
            menus=self._menus,
            parents=self._parents(),
            called={each: self._name_of(each) for each in sorted(called, key=_numerically)},
            person=wishes.person,
            queue_names=Names(frozenset({wishes.person})),
            queues={},
            outside={},
        )

    def scripts(self) -> Iterator[Script]:
        """Yield a script for each place where citizens come in, and those that they call."""
        grown = {each.name: each for each in self._grown()}
        for each in grown.values():
            called = _called_by(each, grown)
            languages = {language for name in called for language in grown[name].languages}
            yield replace(each, languages=tuple(sorted({*each.languages, *languages})))

    def _grown(self) -> Iterator[Script]:
        for root in self._routes():
            yield from self._grow(root)
        for destination in self._heads():
            if self._reached(destination.written) - self._met:
                yield from self._grow(self._root_at(destination))
        for menu in sorted(self._menus.values(), key=lambda each: _numerically(each.number)):
            if menu.number not in self._met:
                yield from self._grow(self._root_at(_destination_of(menu.number), menu=menu))

    def _grow(self, root: _Root) -> Iterator[Script]:
        """Yield a script, and those called by it that were not grown before."""
        plain = f"{root.destination.place.name.lower()}_{root.destination.key[:20]}"
        name = self._names.new(slug(root.name or self._told(root), otherwise=plain))
        yield self._script(name, root)
        while self._to_grow:
            number = self._to_grow.pop(0)
            there = self._root_at(_destination_of(number), menu=self._menus[number])
            yield self._script(self.shared.called[number], there, called=number)

    def _script(self, name: str, root: _Root, *, called: str | None = None) -> Script:
        grower = Grower(self.shared, called=called)
        entry, nodes = grower.grow(root.destination, root.way)
        self._met |= grower.met
        calls = sorted(grower.calls, key=_numerically)
        self._to_grow += [each for each in calls if each not in self._asked]
        self._asked |= grower.calls
        return Script(
            name=name,
            title=self._office.name_of(root.destination),
            entry=entry,
            nodes=nodes,
            languages=tuple(sorted(grower.languages - {LANGUAGE})),
            numbers=tuple(root.numbers),
            is_called=called is not None,
            calls=tuple(self.shared.called[each] for each in calls),
        )

    def _name_of(self, number: str) -> str:
        """Return the name of the script that a menu becomes."""
        written = one_line(self._menus[number].row["name"])
        return self._names.new(slug(written, otherwise=f"ivr_{number[:20]}"))

    def _jumps(self) -> dict[str, frozenset[str]]:
        """Return the menus that each menu leads to next, but for «Return»."""
        return {
            number: frozenset(each for way in menu.jumps() for each in self._next_menus(way))
            for number, menu in self._menus.items()
        }

    def _came_in(self) -> dict[str, frozenset[str]]:
        """Return the menus that callers of each inbound route meet first."""
        written = {row["destination"] for row in self._tables.of("incoming")}
        return {each: frozenset(self._next_menus(each)) for each in sorted(written)}

    def _told(self, root: _Root) -> str:
        """Return what people call the thing that a script begins with."""
        row = self._office.find(root.destination)
        column = HOMES[root.destination.place][2] if root.destination.place in HOMES else ""
        return one_line(row[column]) if row and column else ""

    def _root_at(self, destination: Destination, menu: Menu | None = None) -> _Root:
        row = menu.row if menu else self._office.find(destination)
        if row is None:
            row = next(iter(self._tables.of("daynight")))
        return _Root(
            destination=destination,
            way=Way(row=row, title=self._office.name_of(destination)),
            numbers=[],
            name="",
        )

    def _routes(self) -> list[_Root]:
        """Return the inbound routes that lead to menus, one for each destination."""
        roots: dict[str, _Root] = {}
        for row in self._tables.of("incoming"):
            written, title = row["destination"], f"входящий маршрут {_dialled(row)}"
            if not self._reached(written):
                self._tell_other_route(row, title, written)
                continue
            number = self._number(row, title, roots)
            root = roots.setdefault(
                written,
                _Root(
                    destination=read_destination(written),
                    way=Way(row=row, title=title),
                    numbers=[],
                    name=one_line(row["description"]),
                ),
            )
            root.numbers += number
        return list(roots.values())

    def _number(self, row: Row, title: str, roots: dict[str, _Root]) -> list[str]:
        """Return the number of a route, if `numbers:` of `ekc.yaml` can say it."""
        did = row["extension"]
        taken = any(did in root.numbers for root in roots.values())
        if _DIALLED.fullmatch(did) and not row["cidnum"] and not taken:
            self._ledger.carried(row)
            return [did]
        why = "маршрут зависит от номера звонящего" if row["cidnum"] else "номер не задан целиком"
        self._ledger.remark(
            Weight.DECIDE,
            row,
            title=title,
            what=f"сценарий есть, номер не перенесён: {'номер уже занят' if taken else why}",
            advice="впишите нужные номера в numbers ekc.yaml",
        )
        return []

    def _tell_other_route(self, row: Row, title: str, written: str) -> None:
        self._ledger.remark(
            Weight.NOTE,
            row,
            title=title,
            what=f"не перенесено: ведёт не в меню ({one_line(written) or 'никуда'})",
            advice="номер с очередью без меню: сценарий из одного узла enqueue",
        )

    def _heads(self) -> list[Destination]:
        """Return what nothing leads to, conditions first: menus lie behind them."""
        everything = [
            read_destination(form.format(number))
            for place, form in _DESTINATIONS.items()
            for number in sorted(self._numbers(place), key=_numerically)
        ]
        led_to = {
            (there.place, there.key)
            for each in everything
            for there in map(read_destination, self._ways(each))
            if (there.place, there.key) != (each.place, each.key)
        }
        heads = [each for each in everything if (each.place, each.key) not in led_to]
        return sorted(heads, key=lambda each: each.place is Place.IVR)

    def _numbers(self, place: Place) -> Iterable[str]:
        if place is Place.IVR:
            return self._menus
        if place is Place.DAY_NIGHT:
            return {row["ext"] for row in self._tables.of("daynight") if row["ext"].isdecimal()}
        table, column, _ = HOMES[place]
        return {row[column] for row in self._tables.of(table) if row[column].isdecimal()}

    def _parents(self) -> dict[str, frozenset[str]]:
        parents: dict[str, set[str]] = {each: set() for each in self._menus}
        for menu in self._menus.values():
            for way in menu.ways():
                for child in self._next_menus(way):
                    parents[child].add(menu.number)
        return {child: frozenset(found - {child}) for child, found in parents.items()}

    def _next_menus(self, written: str) -> set[str]:
        """Return the menus that a call meets first behind a destination."""
        return self._menus_behind(written, goes_on=False)

    def _reached(self, written: str) -> set[str]:
        """Return all menus that a call can meet behind a destination."""
        return self._menus_behind(written, goes_on=True)

    def _menus_behind(self, written: str, *, goes_on: bool) -> set[str]:
        menus, ahead, seen = set[str](), [written], set[str]()
        while ahead:
            each = ahead.pop()
            if each in seen:
                continue
            seen.add(each)
            there = read_destination(each)
            is_menu = there.place is Place.IVR and there.key in self._menus
            if is_menu:
                menus.add(there.key)
            if goes_on or not is_menu:
                ahead += self._ways(there)
        return menus

    def _ways(self, destination: Destination) -> list[str]:
        """Return where calls go on from something, as it will be imported."""
        row = self._office.find(destination)
        match destination.place:
            case Place.IVR if destination.key in self._menus:
                return list(self._menus[destination.key].ways())
            case Place.ANNOUNCEMENT if row is not None:
                return [row["post_dest"]]
            case Place.TIME_CONDITION if row is not None:
                return [row["truegoto"], row["falsegoto"]]
            case Place.DAY_NIGHT:
                day = self._office.day_half(destination.key, "day")
                return [day["dest"]] if day else []
            case place if place in _SENT_ON and row is not None:
                return [row["dest"]]
            case _:
                return []


def _destination_of(menu: str) -> Destination:
    return read_destination(_DESTINATIONS[Place.IVR].format(menu))


def _called_by(script: Script, grown: Mapping[str, Script]) -> set[str]:
    """Return all scripts that a call of this one may come into."""
    found, ahead = set[str](), list(script.calls)
    while ahead:
        each = ahead.pop()
        if each not in found:
            found.add(each)
            ahead += grown[each].calls
    return found


def _dialled(row: Row) -> str:
    return one_line(row["extension"]) or "(любой номер)"


def _numerically(number: str) -> tuple[int, str]:
    return len(number), number


_BESIDES: Final = {
    "incoming": "номера, по которым приходят звонки, неизвестны",
    "recordings": "имена файлов подсказок неизвестны",
}


def _tell_absent(tables: Tables, ledger: Ledger) -> None:
    for table, what in _BESIDES.items():
        if table not in tables.present:
            ledger.of_table(
                Weight.NOTE,
                table,
                what=f"таблицы нет в выгрузке: {what}",
                advice=f"выгрузите и её: mysqldump asterisk {table}",
            )
