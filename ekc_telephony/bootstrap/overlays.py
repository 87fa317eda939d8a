"""
Emergency overlays: proposed by one person, laid over every script by another, over by themselves.

An overlay reaches every caller of every number within a second, so nobody lays one alone (G9). What
tells the two apart is their names, and the register keeps their logins beside them. That guards
against haste and mistakes; whoever may write the state folder can write another name, too.

Rule 1: nobody meets a proposal. What was proposed is laid as it was proposed, or not at all.
Rule 2: it is checked when it is proposed, and again when it is confirmed.
Rule 3: it has an end, at most `LONGEST` ahead, and is never prolonged: propose another one.
Rule 4: whoever takes one away needs nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ekc_telephony.core.ivr.overlay import (
    LONGEST,
    Leads,
    MenuItem,
    Overlay,
    first_menus,
)
from ekc_telephony.core.ivr.published import Deed, Person, Present, Proposal, Publication
from ekc_telephony.core.ivr.script import Menu, Script
from ekc_telephony.core.kernel.ids import NodeId, OverlayId, PromptKey
from ekc_telephony.runtime.ports import Clock, Decision, ScriptStore
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.library import (
    entry_names,
    known_names,
    load_published,
    overlay_mistakes,
)
from ekc_telephony.settings.models import Settings

_KEY: Final = re.compile(r"[0-9*#]")


class OverlayRefusedError(Exception):
    """An overlay cannot be laid, or is not there; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to lay over every script."""

    prompts: tuple[PromptKey, ...]
    until: datetime
    item: MenuItem | None = None


class Overlays:
    """
    Lays overlays over the scripts of an installation.

    Args:
        settings: The configuration.
        store: Where they are published.
        clock: The time.
    """

    def __init__(self, settings: Settings, store: ScriptStore, *, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock

    def propose(self, wanted: Wanted, *, who: Person, why: str) -> Proposal:
        """
        Propose an overlay.

        Raises:
            OverlayRefusedError: It cannot be laid.
            ScriptStoreError: The store cannot be used.
        """
        now = self._clock.now()

        def decide(present: Present) -> Decision:
            overlay = Overlay(
                overlay=OverlayId(f"o{present.number + 1}"),
                prompts=wanted.prompts,
                until=wanted.until,
                item=wanted.item,
            )
            self._check(overlay, present, now)
            proposal = Proposal(overlay=overlay, who=who, at=now, why=why)
            made.append(proposal)
            return Decision(
                present=_swept(replace(present, proposals=(*present.proposals, proposal)), now),
                publication=_told(Deed.OVERLAY_PROPOSED, overlay, now, who=who, why=why),
            )

        made: list[Proposal] = []
        self._store.change(decide)
        return made[-1]

    def confirm(self, name: OverlayId, *, who: Person) -> Publication:
        """
        Lay what another person proposed.

        Raises:
            OverlayRefusedError: There is no such proposal, it is over, or it is his own.
            ScriptStoreError: The store cannot be used.
        """
        now = self._clock.now()

        def decide(present: Present) -> Decision:
            proposal = next(
                (each for each in present.proposals if each.overlay.overlay == name), None
            )
            if proposal is None:
                raise OverlayRefusedError(_nobody_proposed(name, present))
            if proposal.who.name.casefold().strip() == who.name.casefold().strip():
                raise OverlayRefusedError(
                    f"{name}: found {who.name}, who proposed it; expected a second person. Let "
                    "somebody else read and confirm it."
                )
            self._check(proposal.overlay, present, now)
            rest = tuple(each for each in present.proposals if each is not proposal)
            laid = replace(present, overlays=(*present.overlays, proposal.overlay), proposals=rest)
            return Decision(
                present=_swept(laid, now),
                publication=_told(
                    Deed.OVERLAY_CONFIRMED, proposal.overlay, now, who=who, why=proposal.why
                ),
            )

        return self._changed(decide)

    def remove(self, name: OverlayId, *, who: Person, why: str) -> Publication:
        """
        Take an overlay, or a proposal of one, away.

        Raises:
            OverlayRefusedError: There is none of this name.
            ScriptStoreError: The store cannot be used.
        """
        now = self._clock.now()

        def decide(present: Present) -> Decision:
            overlay = present.overlay(name)
            if overlay is None:
                raise OverlayRefusedError(_nobody_proposed(name, present))
            bare = replace(
                present,
                overlays=tuple(each for each in present.overlays if each.overlay != name),
                proposals=tuple(each for each in present.proposals if each.overlay.overlay != name),
            )
            return Decision(
                present=_swept(bare, now),
                publication=_told(Deed.OVERLAY_REMOVED, overlay, now, who=who, why=why),
            )

        return self._changed(decide)

    def notes(self, overlay: Overlay) -> list[str]:
        """Return how each script takes a menu item that does not simply get the key."""
        if overlay.item is None:
            return []
        return list(_notes(overlay.item, self._scripts(self._store.present())))

    def _changed(self, decide: Callable[[Present], Decision]) -> Publication:
        made: list[Publication] = []

        def noted(present: Present) -> Decision:
            decision = decide(present)
            made.append(decision.publication)
            return decision

        present = self._store.change(noted)
        return replace(made[-1], number=present.number)

    def _check(self, overlay: Overlay, present: Present, now: datetime) -> None:
        """Refuse what would not work, with everything that is wrong."""
        mistakes = overlay_mistakes(
            overlay, settings=self._settings, known=known_names(self._settings)
        )
        wrong = [f"found {each.found}; expected {each.expected}." for each in mistakes]
        wrong += _wrong_end(overlay, now)
        if not overlay.prompts:
            wrong.append("found nothing that is said; expected an announcement.")
        if overlay.item is not None:
            wrong += _wrong_item(overlay.item, self._scripts(present))
        if wrong:
            raise OverlayRefusedError("\n".join(wrong))

    def _scripts(self, present: Present) -> list[Script]:
        """Return the scripts that callers meet; one that cannot be read is passed over."""
        known = known_names(self._settings)
        scripts: list[Script] = []
        for name in sorted(entry_names(self._settings) & present.scripts.keys()):
            bundle = self._store.bundle(name, present.scripts[name])
            try:
                loaded = load_published(bundle, settings=self._settings, known=known)
            except SettingsError:
                continue  # the engine says so itself
            scripts.append(loaded.script)
        return scripts


def _told(deed: Deed, overlay: Overlay, now: datetime, *, who: Person, why: str) -> Publication:
    return Publication(deed=deed, at=now, who=who, why=why, overlay=overlay)


def _swept(present: Present, now: datetime) -> Present:
    """Return it without what is over."""
    return replace(
        present,
        overlays=tuple(each for each in present.overlays if not each.is_over(now)),
        proposals=tuple(each for each in present.proposals if not each.overlay.is_over(now)),
    )


def _wrong_end(overlay: Overlay, now: datetime) -> Iterator[str]:
    if overlay.is_over(now):
        yield f"found the end {overlay.until:%Y-%m-%d %H:%M} UTC; expected a moment to come."
    if overlay.until - now > LONGEST:
        yield (
            f"found an overlay until {overlay.until:%Y-%m-%d %H:%M} UTC; expected at most "
            f"{LONGEST.days} days. What is true for longer belongs into the scripts."
        )


def _wrong_item(item: MenuItem, scripts: list[Script]) -> Iterator[str]:
    if _KEY.fullmatch(item.key) is None:
        yield f"found the key {item.key}; expected one of 0 to 9, * and #."
    if item.leads is Leads.NODE and not any(NodeId(item.to) in each.nodes for each in scripts):
        yield f"found the node {item.to}, which no published script has; expected one of a script."


def _notes(item: MenuItem, scripts: list[Script]) -> Iterator[str]:
    for script in scripts:
        if item.leads is Leads.NODE and NodeId(item.to) not in script.nodes:
            yield f"{script.script}: has no node {item.to}; its callers do not get the key"
            continue
        menus = first_menus(script)
        used = [name for name in menus if _has_key(script, name, item.key)]
        if not menus:
            yield f"{script.script}: has no menu; its callers are asked before it begins"
        elif used:
            yield (
                f"{script.script}: key {item.key} of {used[0]} is taken; its callers are asked "
                "before it begins"
            )


def _has_key(script: Script, name: NodeId, key: str) -> bool:
    node = script.nodes[name]
    return isinstance(node, Menu) and key in node.choices


def _nobody_proposed(name: OverlayId, present: Present) -> str:
    known = [each.overlay.overlay for each in present.proposals]
    known += [each.overlay for each in present.overlays]
    there = f"one of {', '.join(known)}" if known else "one, and there is none"
    return f"{name}: found no such overlay; expected {there}. See `ekc ivr overlay list`."
