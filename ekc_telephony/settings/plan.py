"""
From the settings of a node to what the core is built from: hours, scripts, feature codes.

The seam between `ekc.yaml` and the core, which knows nothing of files.

Rule 1: public holidays and moved working days are worked out before (`hours.py`), for the years
around today; the core sees dates only. Time zones are read here, since that reads files.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ekc_telephony.core.engine.engine import EnginePlan
from ekc_telephony.core.engine.features import FeatureCodes
from ekc_telephony.core.engine.plan import Admission, EntryScripts, Published
from ekc_telephony.core.engine.transfer import Directory
from ekc_telephony.core.engine.transfer_codes import TransferCodes
from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.zones import ZoneTable
from ekc_telephony.core.kernel.ids import AgentId, Did, QueueId
from ekc_telephony.settings.area_codes import zones_by_area_code
from ekc_telephony.settings.hours import business_hours
from ekc_telephony.settings.library import ScriptLibrary, texts_on_disk
from ekc_telephony.settings.models import Settings


def engine_plan(
    settings: Settings,
    *,
    today: date,
    published: Published | None = None,
    library: ScriptLibrary | None = None,
) -> EnginePlan:
    """
    Return numbers, scripts, hours and feature codes.

    Args:
        settings: The configuration.
        today: Public holidays are worked out around it.
        published: What is published; the files on disk when not given.
        library: Makes scripts of it.

    Raises:
        SettingsError: A script cannot be used.
    """
    codes = settings.feature_codes
    library = library or ScriptLibrary(settings)
    published = published or Published(texts=texts_on_disk(settings))
    opened = library.read(published.texts)
    return EnginePlan(
        scripts=opened.by_number,
        schedules=schedules_of(settings, today=today),
        zones=zones_of(settings),
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
        admission=_admission(settings, opened),
        published=published,
        library=library,
    )


def schedules_of(settings: Settings, *, today: date) -> Mapping[str, BusinessHours]:
    """Return the business hours, with the public holidays of the years around today."""
    return {
        name: business_hours(settings, schedule, today=today)
        for name, schedule in settings.schedules.items()
    }


def zones_of(settings: Settings) -> ZoneTable:
    """Return whose clock stands where a number is."""
    return ZoneTable(
        by_area_code=zones_by_area_code(),
        by_did={Did(n.did): n.time_zone for n in settings.numbers if n.time_zone is not None},
    )


def _admission(settings: Settings, opened: EntryScripts) -> Admission | None:
    if settings.admission is None or opened.beyond is None:
        return None
    return Admission(most_calls=settings.admission.most_calls, script=opened.beyond)
