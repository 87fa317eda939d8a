"""
From a `NodeConf` to the text of every file in Asterisk's `etc` folder.

The templates are `asterisk_conf/*.conf.j2` and `dialplan/*.conf.j2`; a file is named after its
template. Nothing is written here: `folder.py` writes.

Rule 1: a value that would end its line or begin a comment is refused: no value becomes a setting.
Rule 2: a template that asks for something unknown fails; nothing is rendered as an empty text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ekc_telephony.adapters.asterisk_conf.conf import CONTROL_ACCOUNT, GUARD_ACCOUNT, NodeConf
from ekc_telephony.adapters.asterisk_conf.sound_links import FIRST_LANGUAGE, playing_language

PROJECT: Final = Path(__file__).parents[3]
"""The project's folder, which holds the templates beside the package."""
TEMPLATE_FOLDERS: Final = (PROJECT / "asterisk_conf", PROJECT / "dialplan")

_SUFFIX: Final = ".j2"
_BREAKS_OUT: Final = frozenset("\r\n;")


def render(conf: NodeConf) -> Mapping[str, str]:
    """
    Return the text of every file, by its name in `etc`.

    Raises:
        ValueError: A value holds a character that would end its line.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE_FOLDERS),
        autoescape=False,  # noqa: S701 - these are no web pages; `_refuse_breaking_out` guards them
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_refuse_breaking_out,
    )
    variables = {field.name: getattr(conf, field.name) for field in fields(conf)}
    variables["control_account"] = CONTROL_ACCOUNT
    variables["guard_account"] = GUARD_ACCOUNT
    variables["playing_language"] = playing_language(FIRST_LANGUAGE)
    variables["qualify_s"] = None if conf.qualify_every is None else _seconds(conf.qualify_every)
    variables["fallback_wait_s"] = _seconds(conf.fallback_wait)
    variables["fallback_wrap_up_s"] = _seconds(conf.fallback_wrap_up)
    return {
        name.removesuffix(_SUFFIX): environment.get_template(name).render(variables)
        for name in environment.list_templates(extensions=["j2"])
        if "/" not in name
    }


def _seconds(duration: timedelta) -> int:
    return round(duration.total_seconds())


def _refuse_breaking_out(value: object) -> object:
    text = str(value)
    if not _BREAKS_OUT.isdisjoint(text):
        raise ValueError(f"{text!r} cannot stand in Asterisk's files: it would end its line")
    return value
