"""`ekc wallboard` as a person meets it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from typer.testing import CliRunner

from ekc_telephony.cli.root import app
from ekc_telephony.cli.wallboard import activity_of, in_one_line, picture
from ekc_telephony.core.call.events import CallArrived, HoldBegan, LegAnswered
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.engine.wallboard import AgentLine, Wallboard, wallboard_of
from ekc_telephony.core.kernel.ids import CallId, Did, LegId
from tests.core.office import ANNA, BORIS, NOON, engine

PROJECT = Path(__file__).parents[3]


def _board() -> Wallboard:
    running = engine(ready=[ANNA, BORIS])
    arrived = CallArrived(call=CallId("ekc-1795300000.1"), did=Did("200"), number="+79161234567")
    running.handle(arrived, NOON)
    return wallboard_of(running, NOON + timedelta(seconds=7))


def test_a_plain_line_says_who_waits_and_who_is_free() -> None:
    board = _board()
    line = in_one_line(board)
    assert "звонков 1" in line
    assert "Queue urgent: ждут 1, дольше всех 7 с" in line
    assert "готовы 2 из 4, свободны 1" in line


def test_a_plain_line_leaves_out_queues_with_nobody_in_them() -> None:
    board = _board()
    assert len(board.queues) > 1
    assert in_one_line(board).count("ждут") == 1
    nobody = wallboard_of(engine(ready=[ANNA]), NOON)
    assert "| в очередях никого |" in in_one_line(nobody)


def test_the_picture_names_each_agent_and_each_appeal_but_no_number() -> None:
    page = io.StringIO()
    Console(file=page, width=120).print(picture(_board()))
    text = page.getvalue()
    assert "звонит телефон" in text
    assert "не на смене" in text
    assert "ekc-261121-222640-1" in text
    assert "79161234567" not in text


def test_an_agent_whose_phone_holds_the_caller_is_shown_so() -> None:
    running = engine(ready=[ANNA])
    call, leg = CallId("ekc-1795300000.1"), LegId("ekc-1795300000.1-offer-1")
    running.handle(CallArrived(call=call, did=Did("200"), number=None), NOON)
    running.handle(LegAnswered(leg=leg), NOON)
    running.handle(HoldBegan(leg=leg), NOON)
    page = io.StringIO()
    Console(file=page, width=120).print(picture(wallboard_of(running, NOON)))
    assert "разговор, на удержании" in page.getvalue()


def test_an_agent_who_is_not_heard_and_whose_caller_is_silent_is_shown_so() -> None:
    line = AgentLine(
        agent=ANNA,
        presence=Presence.READY,
        reason=None,
        activity=Activity.TALKING,
        is_reachable=True,
    )
    assert activity_of(replace(line, is_silent=True)) == "разговор, его не слышно"
    both = replace(line, is_silent=True, is_caller_silent=True)
    assert activity_of(both) == "разговор, гражданин молчит, его не слышно"


def test_an_engine_that_does_not_answer_is_named_with_what_to_do(tmp_path: Path) -> None:
    text = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
    config = tmp_path / "ekc.yaml"
    text = text.replace("port: 18080", "port: 1025").replace(
        " ivr_scripts", f" {PROJECT}/ivr_scripts"
    )
    config.write_text(text, encoding="utf-8")
    answer = CliRunner().invoke(app, ["wallboard", "--once", "--config", str(config)])
    assert answer.exit_code == 1
    assert "http://127.0.0.1:1025/wallboard" in answer.output
    assert "is `ekc serve` running?" in answer.output
