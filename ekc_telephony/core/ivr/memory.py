"""
What a visit knows of its caller: variables, and what is known of every call.

Rule 1: only what has a value is in `known`; what is not there is unknown to expressions.
Rule 2: the variables of an earlier visit come back as they were kept, and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo

from ekc_telephony.core.ivr.expressions import evaluate
from ekc_telephony.core.ivr.script import Assign, Lookup, Script
from ekc_telephony.core.ivr.values import Value, from_answer, from_text, to_text


class Memory:
    """
    The values of one caller in one script.

    Args:
        script: Declares the variables, and speaks the first language.
        number: The caller's, if we know it.
        did: The number he dialled.
        zone: Whose clock says what day it is, and when a moment is that a system tells.
    """

    def __init__(self, script: Script, *, number: str | None, did: str, zone: tzinfo) -> None:
        self._variables = script.variables
        self._zone = zone
        self._known: dict[str, Value] = {
            "caller.has_number": number is not None,
            "dialled": did,
            "language": script.languages[0],
        }
        if number is not None:
            self._known["caller.number"] = number
        for name, variable in self._variables.items():
            if variable.initial is not None:
                self._known[name] = variable.initial

    @property
    def known(self) -> Mapping[str, Value]:
        """The values that expressions see; may be personal."""
        return self._known

    @property
    def kept(self) -> Mapping[str, str]:
        """The variables that are set, as texts, for `bring_back`."""
        return {name: to_text(self._known[name]) for name in self._variables if name in self._known}

    def bring_back(self, kept: Mapping[str, str]) -> None:
        """Take the variables of an earlier visit; what is none of this script is left out."""
        for name in self._variables:
            self._known.pop(name, None)
        for name, text in kept.items():
            if name in self._variables:
                self.put(name, from_text(self._variables[name].kind, text))

    def put(self, name: str, value: Value | None) -> None:
        """Give a value a name; None forgets it."""
        if value is None:
            self._known.pop(name, None)
        else:
            self._known[name] = value

    def assign(self, node: Assign) -> None:
        """Do what a `set` node says: all its values are computed before any of them is put."""
        values = {
            name: None if each is None else evaluate(each, self._known)
            for name, each in node.values.items()
        }
        for name, value in values.items():
            self.put(name, value)

    def fields_of(self, node: Lookup) -> dict[str, str]:
        """Return what an information system is asked by; what is unknown is left out."""
        sent = {name: evaluate(each, self._known) for name, each in node.fields.items()}
        return {name: to_text(value) for name, value in sent.items() if value is not None}

    def learn(self, node: Lookup, answer: Mapping[str, object]) -> None:
        """Take what a lookup wants of an answer; what is not in it, or of no use, is forgotten."""
        for name, wanted in node.into.items():
            found = _at(answer, wanted.path)
            self.put(name, from_answer(wanted.kind, found, zone=self._zone))

    def today(self, now: datetime) -> date:
        """Return what day it is for this caller."""
        return now.astimezone(self._zone).date()


def _at(answer: Mapping[str, object], path: tuple[str, ...]) -> object:
    """Return the part of an answer that the names lead to; None when there is none."""
    found: object = answer
    for name in path:
        if isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, dict):
            found = found.get(name)
        else:
            return None
    return found
