"""
Time conditions of FreePBX as schedules, each named once.

Source: module timeconditions, `timeconditions_get_config`: the first line of the time group that
fits leads to `truegoto`, otherwise `falsegoto` follows.

Rule 1: hours that are not known become ordinary office hours and a question, never a closed line.
"""

from __future__ import annotations

from ekc_telephony.importing.freepbx.growth.schedules import (
    OFFICE_HOURS,
    Weekly,
    read_line,
    week_of,
)
from ekc_telephony.importing.freepbx.source.office import Office
from ekc_telephony.importing.freepbx.source.tables import Row, one_line
from ekc_telephony.importing.freepbx.writing.drafts import Schedule
from ekc_telephony.importing.freepbx.writing.ledger import Ledger, Weight
from ekc_telephony.importing.freepbx.writing.names import Names, slug


class Schedules:
    """Gives each time group its schedule, the same in all scripts."""

    def __init__(self, office: Office, ledger: Ledger, *, time_zone: str) -> None:
        self._office, self._ledger, self._time_zone = office, ledger, time_zone
        self._names = Names()
        self._by_home: dict[str, str | None] = {}
        self.found: dict[str, Schedule] = {}

    def of(self, condition: Row, *, title: str) -> str | None:
        """Return the schedule's name; None if its lines fit on no day of an ordinary week."""
        group = condition["time"]
        by_calendar = condition["mode"].lower() == "calendar-group"
        home = f"calendar {condition.name}" if by_calendar or not group else f"group {group}"
        if home not in self._by_home:
            self._by_home[home] = self._new(condition, group, title, by_calendar=by_calendar)
        self._ledger.carried(condition)
        self._tell_zone(condition, title)
        return self._by_home[home]

    def _new(self, condition: Row, group: str, title: str, *, by_calendar: bool) -> str | None:
        lines = [] if by_calendar else self._office.group_lines(group)
        weekly = self._weekly(lines) if lines else OFFICE_HOURS
        name = ("" if by_calendar else self._office.group_name(group)) or one_line(
            condition["displayname"]
        )
        if not weekly:
            return None
        key = self._names.new(slug(name, otherwise="hours"))
        source = f"группа времени {one_line(group)}" if lines else condition.name
        zone = self._time_zone
        self.found[key] = Schedule(name=key, time_zone=zone, weekly=weekly, source=source)
        if not lines:
            self._ask(condition, title, key, by_calendar=by_calendar)
        return key

    def _weekly(self, rows: list[Row]) -> Weekly:
        lines = []
        for row in rows:
            line = read_line(row["time"])
            shown = one_line(row["time"])
            if line is None:
                self._tell(
                    row,
                    Weight.DECIDE,
                    what=f"не перенесено: «{shown}» – даты или запись, которой в неделе нет",
                    advice="праздники: holidays: RU; отдельные дни: closed и open расписания",
                )
                continue
            lines.append(line)
            self._ledger.carried(row)
            if line.ends_on_a_full_minute:
                self._tell(
                    row,
                    Weight.NOTE,
                    what=f"«{shown}»: FreePBX принимал звонки ещё минуту после этого времени",
                    advice="ничего",
                )
        return week_of(lines)

    def _ask(self, condition: Row, title: str, key: str, *, by_calendar: bool) -> None:
        why = "часы задаёт календарь" if by_calendar else "строк группы времени нет в выгрузке"
        self._ledger.remark(
            Weight.DECIDE,
            condition,
            title=title,
            what=f"часы не перенесены: {why}; пока записано пн–пт 9–18",
            advice=f"впишите часы в расписание {key} или выгрузите timegroups_details",
        )

    def _tell_zone(self, condition: Row, title: str) -> None:
        zone = condition["timezone"]
        if zone and zone.lower() != "default" and zone != self._time_zone:
            self._ledger.remark(
                Weight.DECIDE,
                condition,
                title=title,
                what=f"часовой пояс условия {one_line(zone)}, в расписании {self._time_zone}",
                advice="впишите time_zone в расписание",
            )

    def _tell(self, row: Row, weight: Weight, *, what: str, advice: str) -> None:
        title = f"группа времени {one_line(row['timegroupid'])}"
        self._ledger.remark(weight, row, title=title, what=what, advice=advice)
