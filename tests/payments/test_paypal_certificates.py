"""The certificate behind a PayPal signature: no request to anywhere else, nobody else's certificate."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest

from mentorship.kernel.provider_env import Providers
from payments.providers.base import ForgedWebhook, ProviderTrouble
from payments.providers.paypal import PayPal, certificates
from payments.providers.paypal.certificates import MOST_FETCHES, MOST_KEPT, Certificates, check_address
from tests.payments.paypal_scene import calls_to, connected, payload
from tests.payments.test_paypal_webhooks import delivery, parse
from tests.standins.base import Answer
from tests.standins.paypal import PayPal as StandIn
from tests.standins.paypal_signing import NAME, signer

CERTS = "/v1/notifications/certs/"


@pytest.fixture
def standin(settings):
    with connected(settings) as running:
        yield running


@pytest.fixture
def sent(standin):
    return delivery(standin, payload("billing_plan_created.json"))


@pytest.fixture
def no_network(monkeypatch):
    """Any attempt to connect or to look up a name fails the test."""

    def refuse(*args, **kwargs):
        raise AssertionError(f"a request went out: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


NOT_PAYPALS = [
    "",
    "https://evil.example/v1/notifications/certs/CERT-1",
    "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
    "https://evilpaypal.com/v1/notifications/certs/CERT-1",
    "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
    "https://user:pass@api.paypal.com/v1/notifications/certs/CERT-1",
    "https://evil.example\\@api.paypal.com/v1/notifications/certs/CERT-1",
    "https://evil.example#@api.paypal.com/v1/notifications/certs/CERT-1",
    "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
    "https://api.paypal.com:/v1/notifications/certs/CERT-1",
    "https://api.paypal.com./v1/notifications/certs/CERT-1",
    "https://www.paypal.com/v1/notifications/certs/CERT-1",
    "https://api.paypal.com/v1/notifications/certs/../../../redirect",
    "https://api.paypal.com/v1/notifications/certs/CERT-1?url=https://evil.example",
    "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
    "https://api.paypal.com/v1/notifications/certs/CERT%2d1",
    "https://api.paypal.com/v1/notifications/certs/CERT-1\n",
    "https://api.paypal.com/v1/notifications/certs/" + "C" * 201,
    "https://api.paypal.com/v1/notifications/certs/",
    "https://api.paypal.com/anything",
    "https:/api.paypal.com/v1/notifications/certs/CERT-1",
    "//api.paypal.com/v1/notifications/certs/CERT-1",
    "HTTPS://api.paypal.com/v1/notifications/certs/CERT-1",
    "http://api.paypal.com/v1/notifications/certs/CERT-1",
    "http://169.254.169.254/latest/meta-data/",
    "http://localhost/v1/notifications/certs/CERT-1",
    "file:///etc/passwd",
    "ftp://api.paypal.com/v1/notifications/certs/CERT-1",
    "https://аpi.paypal.com/v1/notifications/certs/CERT-1",  # a Cyrillic а
]


@pytest.mark.parametrize("url", NOT_PAYPALS)
def test_no_request_goes_out_for_another_address(sent, no_network, url):
    headers = sent.sign() | {"PAYPAL-CERT-URL": url}
    with pytest.raises(ForgedWebhook):
        parse(sent, headers=headers)


@pytest.mark.parametrize("host", ["api.paypal.com", "api-m.paypal.com", "api.sandbox.paypal.com"])
@pytest.mark.parametrize("port", ["", ":443"])
def test_paypals_own_addresses_are_taken(settings, host, port):
    url = f"https://{host}{port}{CERTS}CERT-360caa42-fca2a594-90621ecd"
    assert check_address(url, settings.PROVIDERS) == url


STAND_IN = {
    "providers_anywhere": True,
    "paypal_base_url": "http://127.0.0.1:4000",
    "paypal_cert_allowed_hosts": ["127.0.0.1:4000"],
}


@pytest.mark.parametrize(
    ("update", "allowed"),
    [
        ({}, True),
        ({"providers_anywhere": False}, False),
        ({"paypal_base_url": "https://api-m.paypal.com"}, False),
        ({"paypal_base_url": "https://api-m.sandbox.paypal.com"}, False),
        ({"paypal_base_url": "http://10.0.0.7:4000"}, False),
        ({"paypal_cert_allowed_hosts": ["127.0.0.1"]}, False),
        ({"paypal_cert_allowed_hosts": ["127.0.0.1:4001"]}, False),
    ],
)
def test_without_tls_only_from_a_stand_in_on_this_machine(settings, no_network, update, allowed):
    providers = settings.PROVIDERS.model_copy(update=STAND_IN | update)
    url = f"http://127.0.0.1:4000{CERTS}CERT-1"
    if allowed:
        assert check_address(url, providers) == url
        return
    with pytest.raises(ForgedWebhook):
        check_address(url, providers)


def test_a_slip_in_the_settings_opens_no_other_company(settings):
    providers = settings.PROVIDERS.model_copy(update={"paypal_cert_allowed_hosts": ["cdn.example.org"]})
    with pytest.raises(ForgedWebhook):
        check_address(f"https://cdn.example.org{CERTS}CERT-1", providers)


def test_a_certificate_is_fetched_once(standin, sent):
    for _ in range(3):
        parse(sent)
    [call] = calls_to(standin, CERTS)
    assert call.method == "GET"
    assert call.headers["Authorization"] is None


@pytest.mark.parametrize(
    "other",
    [
        {"name": "messageverificationcerts.paypal.com.evil.example"},
        {"name": "www.paypal.com"},
        {"name": NAME, "authority": "Someone else's CA"},
    ],
)
def test_another_certificate_is_not_paypals(standin, sent, other):
    standin.signer = signer(**other)
    with pytest.raises(ForgedWebhook, match="not PayPal's"):
        parse(sent)


def test_a_certificate_that_has_ended_or_not_begun(standin, sent):
    for days in (400, -30):
        now = datetime.now(UTC) + timedelta(days=days)
        with pytest.raises(ForgedWebhook, match="valid now"):
            parse(sent, stamp=int(now.timestamp()), machine_now=now)


def test_a_certificate_that_was_renewed_is_fetched_again(standin, sent):
    good, standin.signer = standin.signer, signer("www.paypal.com")
    with pytest.raises(ForgedWebhook):
        parse(sent)
    standin.signer = good
    assert parse(sent).kind == "BILLING.PLAN.CREATED"
    assert len(calls_to(standin, CERTS)) == 2


class Odd(StandIn):
    odd: Answer

    def _certificate(self, rest):
        return self.odd


@pytest.fixture
def odd(settings):
    with connected(settings, Odd()) as running:
        yield running


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404),
        Answer(403),
        Answer(200, b""),
        Answer(200, b"<html>"),
        Answer(200, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        Answer(200, b"\xff" * 1000),
    ],
)
def test_what_is_no_certificate_is_refused(odd, answer):
    odd.odd = answer
    with pytest.raises(ForgedWebhook):
        parse(delivery(odd, payload("billing_plan_created.json")))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_certificate_elsewhere_is_not_looked_for(odd, status):
    odd.odd = Answer(status, b"", {"Location": f"{odd.base_url}/elsewhere"})
    with pytest.raises(ForgedWebhook):
        parse(delivery(odd, payload("billing_plan_created.json")))
    assert not calls_to(odd, "elsewhere")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_while_it_cannot_be_had_paypal_must_send_again(odd, status):
    odd.odd = Answer(status)
    with pytest.raises(ProviderTrouble):
        parse(delivery(odd, payload("billing_plan_created.json")))


def test_nobody_at_home_is_trouble_not_forgery(standin, sent):
    headers = sent.sign()
    standin.stop()
    with pytest.raises(ProviderTrouble):
        PayPal().parse_webhook(headers, sent.body, datetime.now(UTC))


def test_a_huge_certificate_is_refused(odd):
    odd.odd = Answer(200, odd.signer.leaf + b"\n" * 70_000)
    with pytest.raises(ProviderTrouble, match="too long"):
        parse(delivery(odd, payload("billing_plan_created.json")))


def test_a_chain_may_come_with_the_leaf(odd):
    odd.odd = Answer(200, odd.signer.leaf + odd.signer.authority)
    assert parse(delivery(odd, payload("billing_plan_created.json"))).kind == "BILLING.PLAN.CREATED"


def test_a_chain_that_brings_its_own_root_is_not_believed(odd):
    odd.signer = signer(NAME, "Someone else's CA")
    odd.odd = Answer(200, odd.signer.leaf + odd.signer.authority)
    with pytest.raises(ForgedWebhook):
        parse(delivery(odd, payload("billing_plan_created.json")))


def test_invented_addresses_do_not_become_a_flood(standin, sent):
    headers = sent.sign()
    for n in range(MOST_FETCHES):
        with pytest.raises(ForgedWebhook):
            parse(sent, headers=headers | {"PAYPAL-CERT-URL": f"{standin.base_url}{CERTS}CERT-{n}"})
    with pytest.raises(ProviderTrouble, match="too many"):
        parse(sent, headers=headers | {"PAYPAL-CERT-URL": f"{standin.base_url}{CERTS}CERT-more"})
    assert len(calls_to(standin, CERTS)) == MOST_FETCHES


def test_certificates_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(certificates, "FETCH_WINDOW", timedelta())
    kept = Certificates(lambda url: signer().leaf)
    for n in range(3 * MOST_KEPT):
        kept.at(f"https://api.paypal.com{CERTS}CERT-{n}")
    assert len(kept._kept) == MOST_KEPT


@pytest.mark.parametrize("text", [None, "no certificate\n"])
def test_a_ca_file_that_is_none_is_refused_at_start(tmp_path, text):
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match="PEM file"):
        Providers(paypal_ca_file=str(path))


def test_a_ca_file_that_is_gone_is_trouble(standin, sent, settings):
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"paypal_ca_file": "/nowhere/ca.pem"})
    with pytest.raises(ProviderTrouble, match="PAYPAL_CA_FILE"):
        parse(sent)
