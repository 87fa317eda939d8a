"""A node's folder with the scripts that ship, for tests of commands that publish."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

from typer.testing import CliRunner, Result

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.published.folder import ScriptFolder
from ekc_telephony.bootstrap.published import PublishedScripts
from ekc_telephony.cli.root import app
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.settings.library import ScriptLibrary
from ekc_telephony.settings.load import load_settings

PROJECT: Final = Path(__file__).parents[3]
HOTLINE: Final = ScriptId("hotline")


class Site:
    """A node's folder; no engine runs."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "ekc.yaml"
        self.hotline = folder / "scripts" / "hotline.yaml"
        shutil.copytree(PROJECT / "ivr_scripts", folder / "scripts")
        text = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
        text = text.replace("scripts: ivr_scripts", "scripts: scripts")
        text = text.replace("state: .runtime/state", "state: state")
        text = text.replace("sounds: sounds ", f"sounds: {PROJECT / 'sounds'} ")
        text = text.replace("root: .runtime/asterisk", f"root: {PROJECT / '.runtime/asterisk'}")
        text = text.replace("port: 18080}", "port: 18997}")
        self.config.write_text(text, encoding="utf-8")
        self.settings = load_settings(self.config)
        self.store = ScriptFolder(self.settings.published_folder)

    def edit(self, before: str, after: str) -> None:
        text = self.hotline.read_text(encoding="utf-8")
        assert before in text
        self.hotline.write_text(text.replace(before, after), encoding="utf-8")

    def ivr(self, *arguments: str, code: int = 0) -> Result:
        ended = CliRunner().invoke(app, ["ivr", *arguments, "--config", str(self.config)])
        assert ended.exit_code == code, ended.output
        return ended

    def told(self, *arguments: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.ivr(*arguments, "--json").stdout)
        return told

    def starts(self) -> PublishedScripts:
        """Let an engine start, as far as scripts are concerned."""
        scripts = PublishedScripts(self.settings, ScriptLibrary(self.settings), clock=SystemClock())
        scripts.at_start()
        return scripts

    @property
    def live(self) -> str:
        return self.store.present().scripts[HOTLINE]
