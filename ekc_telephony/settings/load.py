"""
From the file `ekc.yaml` to one frozen `Settings`, or to all its mistakes at once.

Rule 1: there is no half of a configuration: `Settings` or `SettingsError`.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ekc_telephony.settings.cross import cross_check
from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.errors import Mistake, SettingsError
from ekc_telephony.settings.explain import explain
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.routing import routing_mistakes
from ekc_telephony.settings.services import service_mistakes


def load_settings(path: Path, *, text: str | None = None) -> Settings:
    """
    Read and check `path`.

    Args:
        path: Where it is; relative paths in it begin in its folder.
        text: What it said, when it is not to be read again.

    Raises:
        SettingsError: It cannot be used; names every mistake with its place.
    """
    document = read_document(path, text=text)
    folder = path.absolute().parent
    mistakes: list[Mistake] = []
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(document.plain, context={"folder": folder})
    except ValidationError as error:
        mistakes += explain(document, error.errors())
    mistakes += cross_check(document, folder)
    if settings is not None and not mistakes:
        mistakes += routing_mistakes(document, settings)
        mistakes += service_mistakes(document, settings.services)
    if mistakes or settings is None:
        raise SettingsError(mistakes)
    return settings
