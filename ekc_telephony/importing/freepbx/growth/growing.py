"""
One script, grown from where citizens come in.

Menus are nodes that are named before they are made, since they lead to one another. What lies
between two menus (announcements, time conditions) is followed at once and never twice on one way,
so that a circle always passes a menu, where the caller chooses.

Rule 1: nobody who does nothing goes in a circle: the way out of a failed menu that would come back
        is led to a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ekc_telephony.importing.freepbx.growth.ends import GOODBYE, PROMISED, Ends
from ekc_telephony.importing.freepbx.growth.menus import DEFAULT, Exit, Menu, seconds_of
from ekc_telephony.importing.freepbx.growth.near import comes_back, is_near_a_person
from ekc_telephony.importing.freepbx.growth.way import PERSON, Shared, Way, comment_of
from ekc_telephony.importing.freepbx.source.destinations import Destination, Place
from ekc_telephony.importing.freepbx.source.office import PASSED_ON
from ekc_telephony.importing.freepbx.source.tables import Row, one_line
from ekc_telephony.importing.freepbx.writing.drafts import CALL, RETURN, Node, NodeSpace, Value
from ekc_telephony.importing.freepbx.writing.ledger import Weight
from ekc_telephony.importing.freepbx.writing.names import Names, slug

_LONGEST_WAY: Final = 200
"""Announcements and conditions between two menus; more is no office, and Python's stack ends."""
_LANGUAGE_CODE: Final = re.compile(r"[a-z]{2}(?![a-z])", re.ASCII)
"""`en` of `en_GB`."""
LANGUAGE: Final = "ru"
"""What our scripts speak from the beginning."""
_WRONG_KEY: Final = "menu-wrong-key"
_SILENCE: Final = "menu-silence"
_TO_A_PERSON: Final = "menu-goodbye"
_INVITATION: Final = "message-invitation"
STANDARD_PROMPTS: Final = frozenset(
    {_WRONG_KEY, _SILENCE, _TO_A_PERSON, _INVITATION, GOODBYE, PROMISED}
)
"""What imported scripts say in the words of our manifest."""


class Grower:
    """Grows one script."""

    def __init__(self, shared: Shared, *, called: str | None = None) -> None:
        self._called = called
        """The menu as which other scripts call this one."""
        self._of = shared
        self._space = NodeSpace(names=Names(frozenset({PERSON})))
        self._ends = Ends(shared, self._space)
        self._names: dict[str, str] = {}
        self._todo: list[str] = []
        self.met: set[str] = set()
        """Numbers of the menus that became part of it."""
        self.languages: set[str] = set()
        """Codes of the languages that callers can choose."""
        self.calls: set[str] = set()
        """Numbers of the menus that it calls as scripts."""

    def grow(self, destination: Destination, way: Way) -> tuple[str, dict[str, Node]]:
        """Return the entry and all nodes of a script that begins at a destination."""
        entry = self._lead(destination.written, way)
        while self._todo:
            self._grow_menu(self._of.menus[self._todo.pop(0)])
        self._break_silent_circles()
        self._tell_far_from_people()
        self._suggest_zero()
        return entry, self._space.in_order(entry)

    def _lead(self, written: str, way: Way) -> str:
        """Return the node that a destination becomes."""
        destination = self._of.office.follow(written)
        if destination.written in way.passed or len(way.passed) > _LONGEST_WAY:
            return self._ends.instead(destination, way, why="круг без выбора звонящего")
        return self._makers()[destination.place](destination, way)

    def _makers(self) -> Mapping[Place, Callable[[Destination, Way], str]]:
        return {
            Place.NOWHERE: self._ends.unknown,
            Place.IVR: self._menu,
            Place.QUEUE: self._ends.queue,
            Place.RING_GROUP: self._ends.queue,
            Place.EXTENSION: self._ends.extension,
            Place.VOICEMAIL: self._ends.voicemail,
            Place.ANNOUNCEMENT: self._announcement,
            Place.TIME_CONDITION: self._condition,
            Place.DAY_NIGHT: self._day_night,
            Place.TERMINATE: self._ends.terminate,
            Place.CALLBACK: self._ends.callback,
            Place.MISC: self._ends.misc,
            Place.LANGUAGE: self._language,
            Place.CALLER_ID: self._pass_on,
            Place.PRIORITY: self._pass_on,
            Place.DIRECTORY: self._ends.directory,
            Place.OTHER: self._ends.unknown,
        }

    # Menus

    def _menu(self, destination: Destination, way: Way) -> str:
        menu = self._of.menus.get(destination.key)
        if menu is None:
            return self._ends.instead(destination, way, why="такого меню в таблице ivr_details нет")
        if self._is_called(menu, way):
            return self._call(menu, way)
        self.met.add(menu.number)
        self._of.ledger.carried(menu.row)
        if not menu.choices:
            return self._menu_without_keys(menu, destination, way)
        if menu.number not in self._names:
            self._names[menu.number] = self._space.names.new(_node_name(menu))
            self._todo.append(menu.number)
        return self._names[menu.number]

    def _is_called(self, menu: Menu, way: Way) -> bool:
        """Tell whether a menu is met as a script of its own: there is a menu to come back to."""
        is_here = menu.number in self._names
        return menu.number in self._of.called and not is_here and way.menu in self._names

    def _call(self, menu: Menu, way: Way) -> str:
        self.calls.add(menu.number)
        fields: dict[str, Value] = {
            "script": self._of.called[menu.number],
            "next": self._names[way.menu or ""],
        }
        node = Node(
            kind=CALL,
            fields=fields,
            comments=(comment_of(menu.title, menu.row),),
            returns_silently=menu.exit is not None and menu.exit.may_return,
        )
        return self._space.add(_node_name(menu), node)

    def _menu_without_keys(self, menu: Menu, destination: Destination, way: Way) -> str:
        """Play what it says and go where it leads: nobody can choose anything in it."""
        self._of.tell(
            Way(row=menu.row, title=menu.title),
            Weight.CHANGED,
            what="в меню нет ни одной клавиши: записано как объявление",
            advice="проверьте, куда оно ведёт",
        )
        behind = replace(way.through(destination, menu.row, menu.title), menu=menu.number)
        prompts = self._prompts_of(menu)
        return self._play(_node_name(menu), prompts, self._way_out(menu, behind), menu.title)

    def _grow_menu(self, menu: Menu) -> None:
        way = Way(row=menu.row, title=menu.title, menu=menu.number)
        seconds, is_known = seconds_of(menu.row)
        if not is_known:
            self._of.tell(
                way,
                Weight.NOTE,
                what=f"время ожидания клавиши не задано, записано {seconds} с",
                advice="проверьте timeout этого меню",
            )
        keys: dict[str, str] = {}
        for key, choice in menu.choices.items():
            self._of.ledger.carried(choice.row)
            there = replace(way, row=choice.row, title=f"{menu.title}, клавиша {key}")
            keys[key] = self._choice(choice.written, there, may_return=choice.may_return)
        fields: dict[str, Value] = {
            "prompts": self._prompts_of(menu),
            "keys": keys,
            "timeout": f"{seconds}s",
            "retries": str(menu.retries),
            "invalid_prompts": self._apology(menu, "invalid", _WRONG_KEY),
            "timeout_prompts": self._apology(menu, "timeout", _SILENCE),
            "exhausted": self._way_out(menu, way),
        }
        comment = comment_of(menu.title, menu.row)
        told = one_line(menu.row["description"])
        comments = (comment, told) if told else (comment,)
        name = self._names[menu.number]
        self._space.nodes[name] = Node(kind="menu", fields=fields, comments=comments)

    def _choice(self, written: str, way: Way, *, may_return: bool) -> str:
        """Return where a key leads; «Return» goes back to the menu he came from."""
        if not may_return:
            return self._lead(written, way)
        if self._called is not None and way.menu == self._called:
            return self._return()
        parents = sorted(self._of.parents.get(way.menu or "", frozenset()))
        back = [each for each in parents if each in self._names]
        if not back and self._called is not None:
            # Its own destination may lead to whoever calls this script: it would call itself.
            return self._ends.instead(
                self._of.office.follow(written), way, why="«Return» отсюда никуда не ведёт"
            )
        if not back:
            self._of.tell(
                way,
                Weight.NOTE,
                what="«Return»: в этом сценарии возвращаться некуда, взято направление клавиши",
                advice="ничего",
            )
            return self._lead(written, way)
        if len(back) > 1:
            self._of.tell(
                way,
                Weight.CHANGED,
                what=f"«Return» вёл туда, откуда пришли (IVR {', '.join(back)}); здесь всегда "
                f"в IVR {back[0]}",
                advice="проверьте, годится ли это меню всем",
            )
        return self._names[back[0]]

    def _return(self) -> str:
        """Return the node that goes back to the menu from which this script was called."""
        comment = "FreePBX: «Return», назад в меню, из которого пришли"
        return self._space.add("back", Node(kind=RETURN, fields={}, comments=(comment,)))

    def _prompts_of(self, menu: Menu) -> tuple[str, ...]:
        number = menu.row["announcement"]
        recordings = self._of.recordings
        return recordings.keys(number, told_by=menu.row, title=menu.title) or recordings.instead(
            wish=one_line(menu.row["name"]) or f"menu {menu.number}",
            title=menu.title,
            told_by=menu.row,
        )

    def _apology(self, menu: Menu, kind: str, usual: str) -> tuple[str, ...]:
        written = menu.row[f"{kind}_retry_recording"]
        if written.lower() == DEFAULT:
            return (usual,)
        return self._of.recordings.keys(written, told_by=menu.row, title=menu.title)

    def _way_out(self, menu: Menu, way: Way) -> str:
        found = menu.exit
        if found is None:
            return self._ends.person(
                f"вместо отбоя после ошибок в меню: {comment_of(menu.title, menu.row)}"
            )
        out = replace(way, row=found.row, title=f"{menu.title}, выход")
        following = self._choice(found.written, out, may_return=found.may_return)
        prompts = self._last_words(menu, found, following)
        wish = f"{_node_name(menu)[:32]}_failed"
        title = f"{menu.title}: кто не справился"
        return self._play(wish, prompts, following, title) if prompts else following

    def _last_words(self, menu: Menu, found: Exit, following: str) -> tuple[str, ...]:
        if found.recording.lower() != DEFAULT:
            return self._of.recordings.keys(found.recording, told_by=menu.row, title=menu.title)
        leads_on = self._space.nodes.get(following)
        return (_TO_A_PERSON,) if leads_on is not None and leads_on.kind == "enqueue" else ()

    # What lies between menus

    def _announcement(self, destination: Destination, way: Way) -> str:
        row = self._of.office.find(destination)
        if row is None:
            return self._ends.instead(destination, way, why="такого объявления нет в таблице")
        title = self._of.office.name_of(destination)
        self._of.ledger.carried(row)
        self._tell_announcement(row, title)
        behind = way.through(destination, row, title)
        back = self._names.get(way.menu or "") if row.says("return_ivr") else None
        following = back or self._lead(row["post_dest"], behind)
        prompts = self._of.recordings.keys(row["recording_id"], told_by=row, title=title)
        if not prompts:
            return following
        name = slug(one_line(row["description"]), otherwise=f"announcement_{destination.key}")
        return self._play(name, prompts, following, comment_of(title, row))

    def _tell_announcement(self, row: Row, title: str) -> None:
        way = Way(row=row, title=title)
        if row["allow_skip"] == "0":
            self._of.tell(
                way,
                Weight.CHANGED,
                what="во FreePBX объявление нельзя было пропустить, в ЕКЦ любую подсказку можно",
                advice="ничего",
            )
        for column, what in (("repeat_msg", "повтор по клавише"), ("noanswer", "без ответа линии")):
            if row.says(column):
                self._of.tell(
                    way,
                    Weight.CHANGED,
                    what=f"не перенесено: {what} ({column} = {one_line(row[column])})",
                    advice="повтор даёт меню с клавишей, ведущей на него самого",
                )

    def _play(self, wish: str, prompts: tuple[str, ...], following: str, comment: str) -> str:
        fields: dict[str, Value] = {"prompts": prompts, "next": following}
        return self._space.add(wish, Node(kind="play", fields=fields, comments=(comment,)))

    def _condition(self, destination: Destination, way: Way) -> str:
        row = self._of.office.find(destination)
        if row is None:
            return self._ends.instead(destination, way, why="такого условия нет в timeconditions")
        title = self._of.office.name_of(destination)
        schedule = self._of.schedules.of(row, title=title)
        behind = way.through(destination, row, title)
        if schedule is None:
            self._of.tell(
                behind,
                Weight.DECIDE,
                what="условие только из дат: узла нет, звонки идут как в обычный день; "
                f"не перенесено направление в эти даты: {one_line(row['truegoto']) or '–'}",
                advice="праздники: holidays: RU в расписании; отдельные дни: closed и open",
            )
            return self._lead(row["falsegoto"], behind)
        opened = self._lead(row["truegoto"], behind)
        closed = self._lead(row["falsegoto"], replace(behind, is_closed=True))
        fields: dict[str, Value] = {"schedule": schedule, "open": opened, "closed": closed}
        name = slug(one_line(row["displayname"]), otherwise=f"hours_{destination.key}")
        node = Node(kind="hours", fields=fields, comments=(comment_of(title, row),))
        return self._space.add(name, node)

    def _day_night(self, destination: Destination, way: Way) -> str:
        office = self._of.office
        day, night = (office.day_half(destination.key, half) for half in ("day", "night"))
        if day is None:
            return self._ends.instead(destination, way, why="строки day нет в таблице daynight")
        title = office.name_of(destination)
        self._of.ledger.carried(day)
        self._of.tell(
            Way(row=night or day, title=title),
            Weight.DECIDE,
            what="переключателя в ЕКЦ нет: взята дневная сторона, ночная не перенесена"
            + (f" ({one_line(night['dest'])})" if night else ""),
            advice="ночь – это hours и расписание; внезапное – срочное объявление",
        )
        return self._lead(day["dest"], way.through(destination, day, title))

    def _language(self, destination: Destination, way: Way) -> str:
        row = self._of.office.find(destination)
        if row is None:
            return self._ends.instead(destination, way, why="такой строки нет в languages")
        title = self._of.office.name_of(destination)
        behind = way.through(destination, row, title)
        following = self._lead(row["dest"], behind)
        code = _LANGUAGE_CODE.match(row["lang_code"].lower())
        if code is None:
            self._of.tell(
                behind,
                Weight.DECIDE,
                what=f"не перенесено: язык «{one_line(row['lang_code'])}» ЕКЦ не узнаёт",
                advice="впишите узел language сами",
            )
            return following
        self.languages.add(code[0])
        self._of.ledger.carried(row)
        self._of.tell(
            behind,
            Weight.CHANGED,
            what=f"язык {code[0]}: каждая подсказка за этим узлом нужна и на нём",
            advice="добавьте записи и тексты на этом языке",
        )
        fields: dict[str, Value] = {"language": code[0], "next": following}
        node = Node(kind="language", fields=fields, comments=(comment_of(title, row),))
        return self._space.add(f"language_{code[0]}", node)

    def _pass_on(self, destination: Destination, way: Way) -> str:
        row = self._of.office.find(destination)
        if row is None:
            return self._ends.instead(destination, way, why="такой строки нет в таблице")
        title = self._of.office.name_of(destination)
        self._of.tell(
            Way(row=row, title=title),
            Weight.DECIDE,
            what=f"не перенесено: {PASSED_ON[destination.place]}; звонок идёт дальше",
            advice="нужно ли это, решите сами: см. ivr_scripts/README.md и priority в enqueue",
        )
        return self._lead(row["dest"], way.through(destination, row, title))

    # What holds for the whole script

    def _break_silent_circles(self) -> None:
        """Lead menus to a person through which somebody silent would go round for ever."""
        nodes = self._space.nodes
        for number, name in self._names.items():
            if not comes_back(nodes, name):
                continue
            menu = self._of.menus[number]
            self._of.tell(
                Way(row=menu.row, title=menu.title),
                Weight.DECIDE,
                what="не перенесено: кто молчит, ходил по кругу без конца; теперь он попадает к "
                "оператору",
                advice="оставьте так (требование G2) или назовите в exhausted другой узел",
            )
            target = self._ends.person(f"вместо круга: {comment_of(menu.title, menu.row)}")
            nodes[name] = nodes[name].led_to("exhausted", target)

    def _tell_far_from_people(self) -> None:
        for number, name in self._names.items():
            target = self._space.nodes[name].fields["exhausted"]
            assert isinstance(target, str)
            if not is_near_a_person(self._space.nodes, target):
                menu = self._of.menus[number]
                self._of.tell(
                    Way(row=menu.row, title=menu.title),
                    Weight.DECIDE,
                    what=f"кто не справился с меню, попадает не к человеку (узел {target})",
                    advice="по требованию G2 ведите exhausted в очередь",
                )

    def _suggest_zero(self) -> None:
        for number, name in self._names.items():
            node, menu = self._space.nodes[name], self._of.menus[number]
            keys = node.fields["keys"]
            target = keys.get("0") if isinstance(keys, Mapping) else None
            if target is not None and is_near_a_person(self._space.nodes, target):
                continue
            found = "0 ведёт не к человеку" if target else "нет клавиши 0"
            self._of.tell(
                Way(row=menu.row, title=menu.title),
                Weight.DECIDE,
                what=f"{found}, а по требованию G2 она из каждого меню ведёт к оператору",
                advice="раскомментируйте строку с 0 в этом меню и назовите 0 в подсказке",
            )
            self._space.nodes[name] = replace(node, suggestion=f"0: {PERSON}")


def _node_name(menu: Menu) -> str:
    return slug(one_line(menu.row["name"]), otherwise=f"ivr_{menu.number[:20]}")
