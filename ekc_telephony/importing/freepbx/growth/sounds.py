"""
System recordings of FreePBX as prompts of ours.

A recording (module recordings, table `recordings`) is one or several files, joined by `&`, below
`/var/lib/asterisk/sounds/<language>/`. Each becomes a prompt with a key that no prompt of our
manifest has.
"""

from __future__ import annotations

from typing import Final

from ekc_telephony.importing.freepbx.source.office import Office
from ekc_telephony.importing.freepbx.source.tables import Row, one_line
from ekc_telephony.importing.freepbx.writing.drafts import Prompt
from ekc_telephony.importing.freepbx.writing.ledger import Ledger, Weight
from ekc_telephony.importing.freepbx.writing.names import Names, slug

PREFIX: Final = "freepbx-"
_SLUG: Final = 28
_NONE: Final = frozenset({"", "0", "none", "default"})


class Recordings:
    """Gives each recording its keys, the same in all scripts."""

    def __init__(self, office: Office, ledger: Ledger) -> None:
        self._office, self._ledger = office, ledger
        self._names = Names()
        self._keys: dict[str, tuple[str, ...]] = {}
        self.prompts: dict[str, Prompt] = {}

    def keys(self, number: str, *, told_by: Row, title: str) -> tuple[str, ...]:
        """Return the prompts of a recording; none if none is meant."""
        if number.lower() in _NONE:
            return ()
        if number not in self._keys:
            self._keys[number] = self._of_row(number) or self._missing(number, told_by, title)
        return self._keys[number]

    def instead(self, *, wish: str, title: str, told_by: Row) -> tuple[str, ...]:
        """Return a prompt that is to be recorded, since FreePBX had none."""
        home = f"instead of nothing {told_by.name}"
        if home not in self._keys:
            self._keys[home] = (self._new(wish, title=title, file=None, source=told_by.name),)
            self._ledger.remark(
                Weight.DECIDE,
                told_by,
                title=title,
                what="во FreePBX нет подсказки: звонящие слышали тишину",
                advice=f"запишите подсказку {self._keys[home][0]}",
            )
        return self._keys[home]

    def _of_row(self, number: str) -> tuple[str, ...]:
        row = self._office.recording(number)
        if row is None:
            return ()
        self._ledger.carried(row)
        title = one_line(row["displayname"]) or f"запись {one_line(number)}"
        files = [one_line(each) for each in row["filename"].split("&") if each.strip()]
        keys = []
        for index, file in enumerate(files or [None], start=1):
            part = f" ({index} из {len(files)})" if len(files) > 1 else ""
            keys.append(self._new(title, title=title + part, file=file, source=row.name))
        return tuple(keys)

    def _missing(self, number: str, told_by: Row, title: str) -> tuple[str, ...]:
        shown = one_line(number)
        key = self._new(f"zapis {shown}", title=f"запись {shown}", file=None, source=told_by.name)
        self._ledger.remark(
            Weight.DECIDE,
            told_by,
            title=title,
            what=f"записи {shown} нет в таблице recordings",
            advice=f"выгрузите recordings или запишите подсказку {key}",
        )
        return (key,)

    def _new(self, wish: str, *, title: str, file: str | None, source: str) -> str:
        words = slug(wish, otherwise="zapis", dash="-", longest=_SLUG)
        key = self._names.new(PREFIX + words, dash="-")
        self.prompts[key] = Prompt(key=key, title=title, file=file, source=source)
        return key
