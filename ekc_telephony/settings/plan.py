"""
From the settings of a node to what the core is built from: hours, scripts, feature codes.

The seam between `ekc.yaml` and the core, which knows nothing of files.

Rule 1: public holidays and moved working days are worked out before (`hours.py`), for the years
around today; the core sees dates only. Time zones are read here, since that reads files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date

from ekc_telephony.core.engine.engine import EnginePlan
from ekc_telephony.core.engine.features import FeatureCodes
from ekc_telephony.core.engine.plan import Admission
from ekc_telephony.core.engine.transfer import Directory
from ekc_telephony.core.engine.transfer_codes import TransferCodes
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.ivr.zones import ZoneTable
from ekc_telephony.core.kernel.ids import AgentId, Did, QueueId, ScriptId
from ekc_telephony.settings.area_codes import zones_by_area_code
from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.hours import business_hours
from ekc_telephony.settings.ivr.load import load, load_bundle, load_script, version_of
from ekc_telephony.settings.ivr.site import KnownNames
from ekc_telephony.settings.models import Settings


def engine_plan(settings: Settings, *, today: date) -> EnginePlan:
    """
    Return numbers, scripts, hours and feature codes.

    Raises:
        SettingsError: A script cannot be used.
    """
    codes = settings.feature_codes
    return EnginePlan(
        scripts=_scripts(settings),
        schedules={
            name: business_hours(settings, schedule, today=today)
            for name, schedule in settings.schedules.items()
        },
        zones=ZoneTable(
            by_area_code=zones_by_area_code(),
            by_did={Did(n.did): n.time_zone for n in settings.numbers if n.time_zone is not None},
        ),
        feature_codes=FeatureCodes(
            ready=codes.ready,
            not_ready=codes.not_ready_codes(),
            signed_out=codes.signed_out,
            end_of_wrap_up=codes.end_of_wrap_up,
            extend_wrap_up=codes.extend_wrap_up,
            transfers=TransferCodes(
                blind=codes.transfer,
                hand_over=codes.hand_over,
                conference=codes.conference,
                reasons=codes.transfer_reasons,
            ),
        ),
        directory=Directory(
            agents={o.extension: AgentId(o.account) for o in settings.operators if o.extension},
            queues={q.extension: QueueId(q.id) for q in settings.queues if q.extension},
            outside=frozenset(each.number for each in settings.outside),
        ),
        admission=_admission(settings, _read_from(settings)),
    )


def _admission(settings: Settings, read: Callable[[str], Script]) -> Admission | None:
    written = settings.admission
    if written is None:
        return None
    return Admission(most_calls=written.most_calls, script=read(written.script))


def _known_names(settings: Settings) -> KnownNames:
    return KnownNames(
        queues=frozenset(queue.id for queue in settings.queues),
        skills=frozenset(skill.name for skill in settings.skills),
        schedules=frozenset(settings.schedules),
        prompts=frozenset(file.stem for file in (settings.sounds / "ru").glob("*.wav")),
        outside=frozenset(each.number for each in settings.outside),
    )


def _bundle_of(settings: Settings, script: str) -> str:
    document = read_document(settings.scripts / f"{script}.yaml")
    return load(document, known=_known_names(settings)).bundle


def _scripts(settings: Settings) -> Mapping[Did, Script]:
    """Return the entry script of every number; a script is read once."""
    read = _read_from(settings)
    scripts = {name: read(name) for name in sorted({each.script for each in settings.numbers})}
    return {Did(number.did): scripts[number.script] for number in settings.numbers}


def _read_from(settings: Settings) -> Callable[[str], Script]:
    """Return what reads a script from its file."""
    known = _known_names(settings)
    return lambda name: load_script(settings.scripts / f"{name}.yaml", known=known)


class ScriptShelf:
    """
    Every version of a script that a call may still be in, with its text.

    Args:
        settings: The configuration; its scripts were read before without a mistake.
        scripts: The entry script of every number.
        also: Scripts that no number begins with.
    """

    def __init__(
        self, settings: Settings, scripts: Mapping[Did, Script], *, also: Iterable[Script] = ()
    ) -> None:
        self._settings = settings
        self._scripts = scripts
        everything = [*scripts.values(), *also]
        self._versions = {_shelf_mark(each.script, each.version): each for each in everything}
        self.texts: dict[str, str] = {
            _shelf_mark(script, version_of(bundle)): bundle
            for script in sorted({each.script for each in everything})
            for bundle in [_bundle_of(settings, script)]
        }
        """The text of every version, by `<script>@<version>`."""

    def put(self, texts: Mapping[str, str], *, in_use: Iterable[tuple[str, str]]) -> None:
        """
        Add versions that earlier lives of the engine knew.

        Args:
            texts: By `<script>@<version>`.
            in_use: Script and version of every call that goes on; the others are given up.
        """
        marks = {_shelf_mark(script, version) for script, version in in_use}
        self.texts = {mark: texts[mark] for mark in sorted(marks & texts.keys())} | self.texts

    def know(self, scripts: Mapping[Did, Script], *, also: Iterable[Script] = ()) -> None:
        """Take scripts that were read elsewhere as the present ones."""
        self._scripts = scripts
        for each in [*scripts.values(), *also]:
            self._versions[_shelf_mark(each.script, each.version)] = each

    def find(self, did: Did, script: ScriptId | None, version: str) -> Script | None:
        """
        Return this version of the script, or else the present script of the number.

        An old version that cannot be used any more, since a prompt or a queue of it is gone, is
        given up: its callers go on in the present one.
        """
        mark = _shelf_mark(script or "", version)
        if mark not in self._versions and (text := self.texts.get(mark)) is not None:
            self._read(mark, text)
        return self._versions.get(mark) or self._scripts.get(did)

    def _read(self, mark: str, text: str) -> None:
        file = self._settings.scripts / f"{mark.rpartition('@')[0]}.yaml"
        try:
            known = _known_names(self._settings)
            self._versions[mark] = load_bundle(file, text, known=known).script
        except SettingsError:
            return


def with_scripts_of(texts: Mapping[str, str], plan: EnginePlan, settings: Settings) -> EnginePlan:
    """
    Return the plan with the scripts of these texts instead of those in files.

    Args:
        plan: The plan.
        settings: The configuration.
        texts: By `<script>@<version>`; of two versions of a script the later one counts.

    Raises:
        SettingsError: A script is missing or cannot be used.
    """
    present = {mark.rpartition("@")[0]: text for mark, text in texts.items() if "@" in mark}
    known = _known_names(settings)

    def read(name: str) -> Script:
        file = settings.scripts / f"{name}.yaml"
        text = present.get(name)
        return (
            load_script(file, known=known)
            if text is None
            else load_bundle(file, text, known=known).script
        )

    scripts = {name: read(name) for name in sorted({each.script for each in settings.numbers})}
    return replace(
        plan,
        scripts={Did(number.did): scripts[number.script] for number in settings.numbers},
        admission=_admission(settings, read),
    )


def _shelf_mark(script: str, version: str) -> str:
    return f"{script}@{version}"
