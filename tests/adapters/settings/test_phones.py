"""The table of phones that answer by themselves is complete, and fit to be sent."""

from __future__ import annotations

import re

import pytest

from ekc_telephony.settings.phones import AUTO_ANSWER, PhoneModel


@pytest.mark.parametrize("model", PhoneModel)
def test_every_phone_that_can_be_named_is_told_to_answer_in_its_makers_words(
    model: PhoneModel,
) -> None:
    told = AUTO_ANSWER[model]
    assert told.header in {"Alert-Info", "Call-Info"}
    assert re.search(r"\binfo=alert-autoanswer\b|\banswer-after=0\b", told.value)
    assert told.source
    assert told.allowed_by


@pytest.mark.parametrize("model", PhoneModel)
def test_nothing_in_a_header_would_end_its_line_or_name_another_machine(model: PhoneModel) -> None:
    value = AUTO_ANSWER[model].value
    assert re.fullmatch(r"[!-~]+", value)
    assert set(re.findall(r"//([^>]*)", value)) <= {"127.0.0.1"}
