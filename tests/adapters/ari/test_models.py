"""The generated models are those of our Asterisk, and tolerate those of the next one."""

from __future__ import annotations

import msgspec
import pytest

from ekc_telephony.adapters.ari import models
from ekc_telephony.adapters.ari.models import Message
from lab import generate_ari_models
from tests.adapters.ari.asterisk_rig import TREE

_DTMF = (
    b'{"type":"ChannelDtmfReceived","digit":"5","duration_ms":90,"application":"ekc","new":{"a":[1]},'
    b'"channel":{"id":"c","name":"PJSIP/a-0000000a","state":"Up","caller":{"name":"","number":""},'
    b'"dialplan":{"app_name":"","app_data":"","context":""},"creationtime":"","new":true}}'
)


def test_models_are_generated_from_the_runtimes_rest_api() -> None:
    rest_api = TREE / "usr/share/asterisk/rest-api"
    text = generate_ari_models.generate(rest_api, version=models.ASTERISK_VERSION)
    assert text == generate_ari_models.TARGET.read_text(), (
        "models.py is not what the generator makes. Run `python -m lab.generate_ari_models`."
    )


def test_a_field_that_asterisk_no_longer_describes_is_an_error() -> None:
    with pytest.raises(KeyError):
        generate_ari_models.generate(generate_ari_models.PROJECT / "tests", version="0.0.0")


def test_unknown_fields_are_passed_over() -> None:
    message = msgspec.json.decode(_DTMF, type=Message)
    assert isinstance(message, models.ChannelDtmfReceived)
    assert (message.digit, message.channel.id) == ("5", "c")


def test_an_unknown_message_type_can_be_told_from_a_known_one() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"type":"ChannelTelepathy"}', type=Message)
