"""
Emergency overlays: proposed by one person, laid over every script by another, over by themselves.

An overlay reaches every caller of every number within a second, so nobody lays one alone (G9). What
tells the two apart is their names and their logins; where people share one, the second says so, and
the register shows it. That guards against haste and mistakes; whoever may write the state folder
can write another name, too.

Rule 1: nobody meets a proposal. What was proposed is laid as it was proposed, or not at all.
Rule 2: every script is proved under it when it is proposed, and again when it is confirmed: other
scripts may have been published meanwhile. What is proved is proved before the store is locked.
Rule 3: it has an end, at most `LONGEST` ahead, and is never prolonged: propose another one.
Rule 4: whoever takes one away needs nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ekc_telephony.core.ivr.overlay import (
    LONGEST,
    Leads,
    MenuItem,
    Overlay,
    first_menus,
    origin_of,
)
from ekc_telephony.core.ivr.proofs.finding import Severity
from ekc_telephony.core.ivr.published import Deed, Person, Present, Proposal, Publication
from ekc_telephony.core.ivr.script import Menu, Script
from ekc_telephony.core.kernel.ids import NodeId, OverlayId, PromptKey
from ekc_telephony.runtime.ports import Clock, Decision, ScriptStore
from ekc_telephony.settings.ivr.overlay_proving import OverlayCourt, UnderOverlay
from ekc_telephony.settings.ivr.proving import Court
from ekc_telephony.settings.library import entry_names, known_names, overlay_mistakes
from ekc_telephony.settings.models import Settings

_KEY: Final = re.compile(r"[0-9*#]")
_ASKED: Final = ("loading", "proofs")
"""Stands in the register, as the gate's checks do."""


class OverlayRefusedError(Exception):
    """An overlay cannot be laid, or is not there; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to lay over every script."""

    prompts: tuple[PromptKey, ...]
    until: datetime
    item: MenuItem | None = None
    is_russian_enough: bool = False
    """Who is spoken to in another language may hear it in Russian."""


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
        self._court = OverlayCourt(settings, court=Court(settings, now=clock.now()))

    def propose(self, wanted: Wanted, *, who: Person, why: str) -> Proposal:
        """
        Propose an overlay.

        Raises:
            OverlayRefusedError: It cannot be laid; names everything that stands against it.
            ScriptStoreError: The store cannot be used.
        """
        now = self._clock.now()

        def decide(present: Present) -> Decision:
            overlay = _named(wanted, present)
            self._check(overlay, present, now)
            proposal = Proposal(overlay=overlay, who=who, at=now, why=why)
            made.append(proposal)
            return Decision(
                present=_swept(replace(present, proposals=(*present.proposals, proposal)), now),
                publication=_told(Deed.OVERLAY_PROPOSED, overlay, now, who=who, why=why),
            )

        made: list[Proposal] = []
        present = self._store.present()
        self._check(_named(wanted, present), present, now)
        self._store.change(decide)
        return made[-1]

    def confirm(
        self, name: OverlayId, *, who: Person, may_share_login: bool = False
    ) -> Publication:
        """
        Lay what another person proposed.

        Args:
            name: Of the overlay.
            who: The second person.
            may_share_login: He says that he is another person behind the same login.

        Raises:
            OverlayRefusedError: There is no such proposal, it is over or his own, or a script does
                not go with it any more.
            ScriptStoreError: The store cannot be used.
        """
        now = self._clock.now()

        def confirmable(present: Present) -> Proposal:
            proposal = _proposal(name, present)
            _refuse_one_person(proposal, who, may_share_login=may_share_login)
            self._check(proposal.overlay, present, now)
            return proposal

        def decide(present: Present) -> Decision:
            proposal = confirmable(present)
            rest = tuple(each for each in present.proposals if each is not proposal)
            laid = replace(present, overlays=(*present.overlays, proposal.overlay), proposals=rest)
            return Decision(
                present=_swept(laid, now),
                publication=_told(
                    Deed.OVERLAY_CONFIRMED, proposal.overlay, now, who=who, why=proposal.why
                ),
            )

        confirmable(self._store.present())
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

    def told(self, overlay: Overlay) -> list[str]:
        """
        Return what whoever lays it should know: warnings, and how much longer it makes the way.

        Raises:
            ScriptStoreError: The store cannot be used.
        """
        judged = self._judged(overlay, self._store.present(), self._clock.now())
        warnings = [text for each in judged for text in each.told(Severity.WARNING)]
        return [*_notes(overlay, judged), *warnings, *(each.figure for each in judged)]

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
        live = [each for each in present.overlays if not each.is_over(now)]
        if overlay.item is not None:
            wrong += _wrong_key(overlay.item, live)
        if not wrong:
            judged = self._judged(overlay, present, now)
            wrong += _wrong_node(overlay, judged)
            wrong += [text for each in judged for text in each.told(Severity.ERROR)]
        if wrong:
            raise OverlayRefusedError("\n".join(["refused, and nothing was changed:", *wrong]))

    def _judged(self, overlay: Overlay, present: Present, now: datetime) -> list[UnderOverlay]:
        """Return what every script that callers meet would be under it."""
        over = [
            each
            for each in present.overlays
            if not each.is_over(now) and each.overlay != overlay.overlay
        ]
        names = sorted(entry_names(self._settings) & present.scripts.keys())
        bundles = [self._store.bundle(name, present.scripts[name]) for name in names]
        return [self._court.judge(each, overlay, over=over) for each in bundles]


def _named(wanted: Wanted, present: Present) -> Overlay:
    return Overlay(
        overlay=OverlayId(f"o{present.number + 1}"),
        prompts=wanted.prompts,
        until=wanted.until,
        item=wanted.item,
        is_russian_enough=wanted.is_russian_enough,
    )


def _proposal(name: OverlayId, present: Present) -> Proposal:
    found = next((each for each in present.proposals if each.overlay.overlay == name), None)
    if found is None:
        raise OverlayRefusedError(_nobody_proposed(name, present))
    return found


def _refuse_one_person(proposal: Proposal, who: Person, *, may_share_login: bool) -> None:
    name, proposed_by = proposal.overlay.overlay, proposal.who
    if proposed_by.name.casefold().strip() == who.name.casefold().strip():
        raise OverlayRefusedError(
            f"{name}: found {who.name}, who proposed it; expected a second person. Let "
            "somebody else read and confirm it."
        )
    if proposed_by.login == who.login and not may_share_login:
        raise OverlayRefusedError(
            f"{name}: found the login {who.login}, by which {proposed_by.name} proposed it; "
            "expected a second person with his own. If you are another person and share that "
            "login, say so by `--shared-login`: the register will show one login for both."
        )


def _told(deed: Deed, overlay: Overlay, now: datetime, *, who: Person, why: str) -> Publication:
    asked = () if deed is Deed.OVERLAY_REMOVED else _ASKED
    return Publication(deed=deed, at=now, who=who, why=why, overlay=overlay, gate=asked)


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


def _wrong_key(item: MenuItem, live: Iterable[Overlay]) -> Iterator[str]:
    if _KEY.fullmatch(item.key) is None:
        yield f"found the key {item.key}; expected one of 0 to 9, * and #."
    for each in live:
        if each.item is not None and each.item.key == item.key:
            yield (
                f"found the key {item.key}, which the overlay {each.overlay} leads to "
                f"{each.item.leads.value}:{each.item.to}; expected another key, or take that one "
                f"away first: `ekc ivr overlay remove {each.overlay}`."
            )


def _wrong_node(overlay: Overlay, judged: Sequence[UnderOverlay]) -> Iterator[str]:
    item = overlay.item
    if item is None or item.leads is not Leads.NODE:
        return
    if not any(each.plain is None or NodeId(item.to) in each.plain.nodes for each in judged):
        yield f"found the node {item.to}, which no published script has; expected one of a script."


def _notes(overlay: Overlay, judged: Iterable[UnderOverlay]) -> Iterator[str]:
    """Yield how each script takes a menu item that does not simply get the key."""
    item = overlay.item
    for script in (each.plain for each in judged if each.plain is not None):
        if item is None:
            return
        if item.leads is Leads.NODE and NodeId(item.to) not in script.nodes:
            yield f"{script.script}: has no node {item.to}; its callers do not get the key"
            continue
        menus = first_menus(script)
        used = [name for name in menus if _has_key(script, name, item.key)]
        if not menus:
            yield f"{script.script}: has no menu; its callers are asked before it begins"
        elif used:
            menu = origin_of(used[0]) or used[0]
            yield (
                f"{script.script}: key {item.key} of {menu} is taken; its callers are asked "
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
