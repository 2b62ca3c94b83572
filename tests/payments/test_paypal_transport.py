"""What the SDK does wrong by itself and ours must not: tokens, retries, redirects, waiting, what is said and logged."""

from __future__ import annotations

import gzip
import logging
import time
from datetime import timedelta

import paypalrestsdk.api
import pytest

from payments.providers.base import PaymentStatus, ProviderTrouble
from payments.providers.paypal import PayPal, transport
from payments.providers.paypal.transport import Refused, Transport
from tests.payments.paypal_scene import an_order, calls_to, check_out, connected
from tests.standins.base import Answer, json_answer
from tests.standins.paypal import PayPal as StandIn
from tests.standins.paypal_rules import Refusal

TOKEN = "/v1/oauth2/token"


@pytest.fixture
def standin(settings):
    with connected(settings) as running:
        yield running


class Odd(StandIn):
    """Answers every look at an order with `odd`."""

    odd: Answer

    def api(self, request):
        if request.method == "GET" and "/orders/" in request.path:
            return self.odd
        return super().api(request)


@pytest.fixture
def odd(settings):
    with connected(settings, Odd()) as running:
        yield running


def test_the_token_call_carries_nothing_of_the_order(standin):
    check_out(an_order())
    [call] = calls_to(standin, TOKEN)
    assert call.body == b"grant_type=client_credentials"
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.headers["PayPal-Request-Id"] is None
    assert call.headers["Prefer"] is None


def test_a_look_has_no_body(standin):
    PayPal().fetch_payment(check_out(an_order()).reference)
    assert standin.calls[-1].method == "GET"
    assert standin.calls[-1].body == b""


def test_one_token_serves_the_whole_process(standin):
    reference = check_out(an_order()).reference
    for _ in range(3):
        PayPal().fetch_payment(reference)
    assert len(calls_to(standin, TOKEN)) == 1


def test_a_token_near_its_end_is_not_used(standin):
    standin.token_life = 60
    reference = check_out(an_order()).reference
    PayPal().fetch_payment(reference)
    assert len(calls_to(standin, TOKEN)) == 2


def test_another_secret_gets_another_token(standin, settings):
    check_out(an_order())
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"paypal_client_secret": "changed"})
    standin.client_secret = "changed"
    check_out(an_order())
    assert len(calls_to(standin, TOKEN)) == 2


def test_a_token_that_is_not_taken_is_renewed_once(standin):
    reference = check_out(an_order()).reference
    standin.expire_tokens()
    standin.calls.clear()

    assert PayPal().fetch_payment(reference).status is PaymentStatus.PENDING

    assert [call.path.rpartition("/")[2] for call in standin.calls] == [reference, "token", reference]


def test_whoever_never_takes_a_token_is_asked_twice_not_for_ever(standin):
    reference = check_out(an_order()).reference
    standin._check_token = refuse
    standin.calls.clear()

    with pytest.raises(ProviderTrouble, match="credentials"):
        PayPal().fetch_payment(reference)

    assert len(calls_to(standin, reference)) == 2


def refuse(request):
    raise Refusal(401, "AUTHENTICATION_FAILURE")


def test_wrong_credentials_are_trouble_without_the_secret(standin, settings):
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"paypal_client_secret": "very-secret"})
    with pytest.raises(ProviderTrouble) as trouble:
        check_out(an_order())
    assert "very-secret" not in str(trouble.value)
    assert len(standin.calls) == 1


@pytest.mark.parametrize(
    "said",
    [
        {},
        [],
        {"access_token": "t"},
        {"access_token": 7, "expires_in": 900},
        {"access_token": "t", "expires_in": "900"},
        {"access_token": "t\r\nX: y", "expires_in": 900},
    ],
)
def test_a_token_that_cannot_be_read_is_trouble(standin, said):
    standin._token = lambda request: json_answer(said)
    with pytest.raises(ProviderTrouble):
        check_out(an_order())


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_trouble_at_paypal_is_trouble_here_and_nothing_is_known(standin, status):
    reference = check_out(an_order()).reference
    standin.fail_next(1, status=status)
    with pytest.raises(ProviderTrouble, match=str(status)):
        PayPal().fetch_payment(reference)
    assert PayPal().fetch_payment(reference).status is PaymentStatus.PENDING


def test_a_line_that_goes_dead_is_trouble(standin):
    reference = check_out(an_order()).reference
    standin.fail_next(1, status=0)
    with pytest.raises(ProviderTrouble, match="reached"):
        PayPal().fetch_payment(reference)


def test_nobody_at_home_is_trouble(standin):
    reference = check_out(an_order()).reference
    standin.stop()
    with pytest.raises(ProviderTrouble, match="reached"):
        PayPal().fetch_payment(reference)


def test_all_calls_of_one_conversation_share_its_time(standin):
    keys = (standin.base_url, standin.client_id, standin.client_secret)
    transport = Transport(*keys, patience=1)
    standin.fail_next(1, status=500, hang=30)
    began = time.monotonic()

    with pytest.raises(ProviderTrouble):
        transport.ask("v2/checkout/orders/ABC")
    with pytest.raises(ProviderTrouble, match="too long"):
        transport.ask("v2/checkout/orders/ABC")

    assert time.monotonic() - began < 3
    assert len(calls_to(standin, "/orders/")) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(odd, status):
    odd.odd = Answer(status, b"", {"Location": f"{odd.base_url}/elsewhere"})
    with pytest.raises(ProviderTrouble, match=str(status)):
        PayPal().fetch_payment("5O190127TN364715T")
    assert not calls_to(odd, "elsewhere")


def test_a_huge_answer_is_refused(odd):
    odd.odd = Answer(200, b'{"id": "' + b"x" * 2_000_000 + b'"}')
    with pytest.raises(ProviderTrouble, match="too long"):
        PayPal().fetch_payment("5O190127TN364715T")


def test_a_small_answer_that_unfolds_to_a_huge_one_is_refused(odd):
    odd.odd = Answer(200, gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"})
    with pytest.raises(ProviderTrouble, match="too long"):
        PayPal().fetch_payment("5O190127TN364715T")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"\xff", b'{"a":', b"[" * 200_000])
def test_what_is_no_json_object_is_trouble(odd, body):
    odd.odd = Answer(200, body)
    with pytest.raises(ProviderTrouble):
        PayPal().fetch_payment("5O190127TN364715T")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
@pytest.mark.parametrize("body", [b"", b"[]", b'{"details": 3}', b'{"details": [7]}', b'{"name": {}}', b"<html>"])
def test_a_refusal_that_cannot_be_read_is_trouble_too(odd, status, body):
    odd.odd = Answer(status, body)
    with pytest.raises(ProviderTrouble):
        PayPal().fetch_payment("5O190127TN364715T")


def test_bad_request_400_is_raised_not_returned(standin):
    transport = Transport(standin.base_url, standin.client_id, standin.client_secret)
    with pytest.raises(Refused) as no:
        transport.tell("v2/checkout/orders", {}, request_id="r")
    assert no.value.status == 400
    assert no.value.issues == {"INVALID_REQUEST", "INVALID_PARAMETER_VALUE"}


@pytest.mark.parametrize("request_id", ["", "x" * 109])
def test_a_request_id_that_paypal_would_not_keep_is_our_mistake(standin, request_id):
    transport = Transport(standin.base_url, standin.client_id, standin.client_secret)
    with pytest.raises(ValueError, match="108"):
        transport.tell("v2/checkout/orders", {}, request_id=request_id)
    assert standin.calls == []


def test_nothing_secret_is_logged(standin, caplog):
    caplog.set_level(logging.DEBUG)
    reference = check_out(an_order()).reference
    standin.approve(reference)
    PayPal().fetch_payment(reference)
    [token] = standin.tokens
    for secret in (token, standin.client_secret, "Basic ", "Bearer "):
        assert secret not in caplog.text


def test_the_sdk_keeps_nothing_for_the_whole_process(standin):
    check_out(an_order())
    assert paypalrestsdk.api.__api__ is None


def test_what_a_netrc_says_is_not_sent(standin, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    check_out(an_order())
    assert all(call.headers["Authorization"].startswith(("Bearer ", "Basic c3RhbmRpbi")) for call in standin.calls)


def test_tokens_do_not_pile_up(standin, settings):
    for n in range(2 * transport.MOST_TOKENS):
        standin.client_id = f"app-{n}"
        settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"paypal_client_id": standin.client_id})
        check_out(an_order())
    assert len(transport._tokens) <= transport.MOST_TOKENS
    assert all(isinstance(ends, timedelta) for _, ends in transport._tokens.values())
