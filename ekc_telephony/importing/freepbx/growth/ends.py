"""
Where calls end: queues, messages, callbacks, last words, and people instead of all else.

Rule 1: a destination that we cannot express is a queue of people, under a name that says what it
        was, so that an admin finds and replaces it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from ekc_telephony.importing.freepbx.growth.way import PERSON, Shared, Way, comment_of
from ekc_telephony.importing.freepbx.source.destinations import NAMES, Destination, Place
from ekc_telephony.importing.freepbx.source.office import HOMES
from ekc_telephony.importing.freepbx.source.tables import Row, one_line
from ekc_telephony.importing.freepbx.writing.drafts import Node, NodeSpace, Outside, Queue, Value
from ekc_telephony.importing.freepbx.writing.ledger import Weight
from ekc_telephony.importing.freepbx.writing.names import slug

GOODBYE: Final = "goodbye"
PROMISED: Final = "callback-promised"
_OUTSIDE: Final = re.compile(r"\+?[0-9]{5,20}", re.ASCII)
"""What is surely no extension and no feature code."""


class Ends:
    """Makes the last nodes of one script."""

    def __init__(self, shared: Shared, space: NodeSpace) -> None:
        self._of, self._space = shared, space
        self._stand_ins: dict[str, str] = {}
        """Destination that we cannot express → the node that leads to a person instead."""

    def queue(self, destination: Destination, way: Way) -> str:
        """Return the node in which callers wait: a queue of FreePBX, or a group of phones."""
        queue = self._of.queues.get(destination.written)
        if queue is None:
            queue = self._new_queue(destination, way)
            self._of.queues[destination.written] = queue
        row = self._of.office.find(destination)
        title = self._of.office.name_of(destination)
        comment = comment_of(title, row) if row else title
        node = Node(kind="enqueue", fields={"queue": queue.name}, comments=(comment,))
        return self._space.add(queue.name, node)

    def _new_queue(self, destination: Destination, way: Way) -> Queue:
        office, row = self._of.office, self._of.office.find(destination)
        column = HOMES[destination.place][2]
        told = one_line(row[column]) if row else ""
        plain = "queue" if destination.place is Place.QUEUE else "group"
        name = self._of.queue_names.new(slug(told, otherwise=f"{plain}_{destination.key}"))
        title = office.name_of(destination)
        if row is None:
            self._of.tell(
                way,
                Weight.DECIDE,
                what=f"{title}: строки нет в выгрузке, очередь названа {name}",
                advice="переименуйте её или выгрузите таблицы очередей и групп",
            )
        else:
            self._of.ledger.carried(row)
            self._tell_queue(row, title)
        return Queue(name=name, title=told or title, source=row.name if row else title)

    def _tell_queue(self, row: Row, title: str) -> None:
        lost = [
            f"{column} = {one_line(row[column])}"
            for column in ("grplist", "strategy", "dest", "postdest", "maxwait", "ivr_id")
            if row[column] not in {"", "0", "none"}
        ]
        self._of.tell(
            Way(row=row, title=title),
            Weight.CHANGED,
            what="перенесено только имя; операторы, раздача и выход из очереди – нет"
            + (f": {', '.join(lost)}" if lost else ""),
            advice="опишите в ekc.yaml очередь (skills, overflow, when_no_agents) и operators",
        )

    def extension(self, destination: Destination, way: Way) -> str:
        """Lead to a person: a desk phone cannot be called by a script."""
        return self.instead(destination, way, why="сценарий ЕКЦ не звонит на внутренние номера")

    def voicemail(self, destination: Destination, way: Way) -> str:
        """Return the node in which a message is left."""
        title = self._of.office.name_of(destination)
        self._of.tell(
            way,
            Weight.CHANGED,
            what=f"{title}: сообщение попадает не в ящик сотрудника, а в обращение с обратным "
            "звонком",
            advice="проверьте, кому перезванивать",
        )
        otherwise = self.person(f"кто не оставил сообщения: {title}")
        node = Node(kind="message", fields={"otherwise": otherwise}, comments=(title,))
        return self._space.add(f"message_{destination.key[:20]}", node)

    def callback(self, destination: Destination, way: Way) -> str:
        """Return the node that puts the caller on the callback list."""
        title = self._of.office.name_of(destination)
        row = self._of.office.find(destination)
        self._of.tell(
            Way(row=row, title=title) if row else way,
            Weight.CHANGED,
            what=f"{title}: FreePBX перезванивал сам и соединял с направлением; "
            "в ЕКЦ перезванивает оператор из списка обратных звонков",
            advice="ничего",
        )
        without = self.person(f"чей номер скрыт: {title}")
        fields: dict[str, Value] = {"prompts": (PROMISED,), "without_number": without}
        name = f"callback_{destination.key[:20]}"
        return self._space.add(name, Node(kind="callback", fields=fields, comments=(title,)))

    def terminate(self, destination: Destination, way: Way) -> str:
        """Return the last words before we hang up."""
        if destination.key != "hangup":
            self._of.tell(
                way,
                Weight.CHANGED,
                what=f"вместо «{one_line(destination.written)}» звонящий слышит прощание и отбой",
                advice="ничего",
            )
        outcome = "informed_after_hours" if way.is_closed else "self_served"
        fields: dict[str, Value] = {"prompts": (GOODBYE,), "outcome": outcome}
        comment = f"FreePBX: {one_line(destination.written)}"
        wish = "goodbye_after_hours" if way.is_closed else "goodbye"
        return self._space.add(wish, Node(kind="goodbye", fields=fields, comments=(comment,)))

    def misc(self, destination: Destination, way: Way) -> str:
        """Lead to a person: a script cannot dial the number that FreePBX would have dialled."""
        row = self._of.office.find(destination)
        if row is None:
            return self.instead(destination, way, why="такой строки нет в miscdests")
        number = one_line(row["destdial"])
        if _OUTSIDE.fullmatch(number):
            return self._transfer(number, self._of.office.name_of(destination), row)
        return self.instead(
            destination,
            replace(way, row=row),
            why=f"звонок на {number or '–'} из сценария",
            advice="если это внешний номер: outside в ekc.yaml и узел transfer",
        )

    def _transfer(self, number: str, title: str, row: Row) -> str:
        self._of.ledger.carried(row)
        self._of.outside[number] = Outside(number=number, source=row.name)
        self._of.tell(
            Way(row=row, title=title),
            Weight.CHANGED,
            what=f"звонок уходит наружу, на {number}; кому там не ответили, идёт к оператору",
            advice="впишите номер в outside ekc.yaml и назовите линию (trunk)",
        )
        otherwise = self.person(f"кому не ответили: {title}")
        fields: dict[str, Value] = {"number": f'"{number}"', "otherwise": otherwise}
        node = Node(kind="transfer", fields=fields, comments=(comment_of(title, row),))
        name = slug(one_line(row["description"]), otherwise=f"outside_{number.lstrip('+')}")
        return self._space.add(name, node)

    def directory(self, destination: Destination, way: Way) -> str:
        """Lead to a person: nobody is looked up by letters on a keypad here."""
        return self.instead(destination, way, why="поиска сотрудника по фамилии в ЕКЦ нет")

    def unknown(self, destination: Destination, way: Way) -> str:
        """Lead to a person, whatever it was."""
        return self.instead(destination, way, why="этого ЕКЦ не умеет")

    def instead(
        self,
        destination: Destination,
        way: Way,
        *,
        why: str,
        advice: str = "замените узел тем, что нужно; пока звонящие попадают к оператору",
    ) -> str:
        """Lead to a person, and say instead of what."""
        title = self._of.office.name_of(destination)
        self._of.tell(way, Weight.DECIDE, what=f"не перенесено: {title}: {why}", advice=advice)
        comment = f"вместо: {title} ({way.title})"
        if destination.place is Place.NOWHERE:
            return self.person(comment)
        if destination.written not in self._stand_ins:
            words = f"{NAMES[destination.place]} {destination.key}"
            known = destination.place is not Place.OTHER
            wish = slug(words if known else destination.written, otherwise="unknown")
            self._stand_ins[destination.written] = self._space.names.new(wish)
        return self.person(comment, at=self._stand_ins[destination.written])

    def person(self, comment: str, *, at: str = PERSON) -> str:
        """Return the node of a person, with one more reason why callers are led there."""
        node = Node(kind="enqueue", fields={"queue": self._of.person}, comments=(comment,))
        return self._space.join(at, node)
