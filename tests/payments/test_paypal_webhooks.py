"""Webhooks of PayPal: whom they are from, how old, what they point to; and that they are only a hint."""

from __future__ import annotations

import base64
import json
import time
import zlib
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from payments.providers.base import ForgedWebhook
from payments.providers.paypal import PayPal, signature
from payments.providers.paypal.certificates import Certificates
from tests.payments.paypal_forging import colliding
from tests.payments.paypal_scene import an_order, calls_to, check_out, connected, payload
from tests.standins.base import Delivery

IN_2015 = datetime(2015, 5, 18, 15, 46, tzinfo=UTC)


@pytest.fixture
def standin(settings):
    with connected(settings) as running:
        yield running


def delivery(standin, said):
    """A webhook with this payload, as the stand-in would send it."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Delivery(standin, "", "", body, {"transmission_id": "1d0a2b30-fd74-11e4-8bf3-77339302725b"})


def parse(sent, *, machine_now=None, headers=None, **how):
    return PayPal().parse_webhook(headers or sent.sign(**how), sent.body, machine_now or datetime.now(UTC))


# --- the delivery PayPal published -----------------------------------------------------------------------------------


@pytest.fixture
def published(settings, tmp_path):
    """The chain of 2015 is complete: its intermediate and its root come with PayPal's SDK, as PEM files.

    The root has left the systems' stores since, so it is given as PAYPAL_CA_FILE; nothing in the verifier is relaxed.
    """
    kept = payload("published_2015.json")
    root = files("paypalrestsdk").joinpath("data/DigiCertHighAssuranceEVRootCA.crt.pem")
    (tmp_path / "root.pem").write_bytes(root.read_bytes())
    update = {
        "paypal_webhook_ids": [kept["webhook_id"]],
        "paypal_base_url": "https://api-m.sandbox.paypal.com",
        "paypal_ca_file": str(tmp_path / "root.pem"),
    }
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update=update)
    fetched = []

    def from_the_file(url):
        fetched.append(url)
        return kept["certificate"].encode()

    def verify(machine_now=IN_2015, body=None, **headers):
        named = {"PAYPAL-" + name.replace("_", "-").upper(): value for name, value in headers.items()}
        signature.verify(
            kept["headers"] | named,
            (kept["body"] if body is None else body).encode(),
            settings.PROVIDERS,
            machine_now,
            Certificates(from_the_file),
        )
        return fetched

    verify.fetched = fetched
    return verify


def test_the_published_delivery_verifies_in_its_time(published):
    kept = payload("published_2015.json")
    assert zlib.crc32(kept["body"].encode()) == kept["crc32"]
    assert published() == ["https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77"]


@pytest.mark.parametrize(
    ("later", "verifies"),
    [
        (timedelta(), True),
        (timedelta(days=3, minutes=59), True),
        (timedelta(days=3, hours=1, minutes=1), False),
        (timedelta(minutes=-10), True),
        (timedelta(minutes=-12), False),
    ],
)
def test_a_stamp_lives_three_days_and_an_hour(published, later, verifies):
    if verifies:
        published(IN_2015 + later)
        return
    with pytest.raises(ForgedWebhook, match="stamped"):
        published(IN_2015 + later)


def test_one_changed_letter_does_not_fit(published):
    with pytest.raises(ForgedWebhook, match="fit"):
        published(body=payload("published_2015.json")["body"].replace("20.00", "90.00"))


def test_the_published_delivery_is_nothing_to_another_webhook(published, settings):
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"paypal_webhook_ids": ["4JH86294D6297924H"]})
    with pytest.raises(ForgedWebhook, match="fit"):
        published()


def test_a_sandbox_certificate_is_nothing_where_money_is_real(published, settings):
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"paypal_base_url": "https://api-m.paypal.com"})
    with pytest.raises(ForgedWebhook, match="certificate"):
        published()


def test_the_systems_own_roots_do_not_know_the_old_one(published, settings):
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"paypal_ca_file": ""})
    with pytest.raises(ForgedWebhook, match="certificate"):
        published()


def test_another_stamp_or_transmission_was_not_signed(published):
    with pytest.raises(ForgedWebhook, match="fit"):
        published(transmission_time="2015-05-18T15:45:14Z")
    with pytest.raises(ForgedWebhook, match="fit"):
        published(transmission_id="dfb3be50-fd74-11e4-8bf3-77339302725c")


@pytest.mark.parametrize(
    "headers",
    [
        {"auth_algo": "SHA1withRSA"},
        {"auth_algo": "sha256withrsa"},
        {"auth_algo": "none"},
        {"auth_algo": ""},
        {"transmission_id": ""},
        {"transmission_id": "x|y"},
        {"transmission_id": "x" * 101},
        {"transmission_sig": ""},
        {"transmission_sig": "not base64 at all"},
        {"transmission_sig": "é"},
        {"transmission_sig": "A" * 2000},
        {"transmission_time": ""},
        {"transmission_time": "now"},
        {"transmission_time": "2015-05-18"},
        {"transmission_time": "2015-02-30T15:45:13Z"},
        {"transmission_time": "2015-05-18T15:45:13+00:00"},
        {"transmission_time": "٢٠١٥-05-18T15:45:13Z"},
    ],
)
def test_headers_paypal_never_sends_are_refused_before_anything_is_fetched(published, headers):
    with pytest.raises(ForgedWebhook):
        published(**headers)
    assert published.fetched == []


# --- deliveries of our own -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("checkout_order_approved.json", "5O190127TN364715T"),
        ("payment_capture_completed.json", "5O190127TN364715T"),
        ("payment_capture_pending.json", "capture:3C679366HH908993F"),
        ("payment_capture_refunded.json", "capture:3C679366HH908993F"),
        ("payment_capture_reversed.json", "capture:3C679366HH908993F"),
        ("customer_dispute_created.json", "capture:3C679366HH908993F"),
        ("billing_plan_created.json", ""),
    ],
)
def test_an_event_says_where_to_look(standin, name, reference):
    said = payload(name)
    event = parse(delivery(standin, said))
    assert (event.key, event.kind, event.reference) == (said["id"], said["event_type"], reference)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"7",
        b'{"id": "WH-1"}',
        {"id": 7, "event_type": "X", "resource": {}},
        {"id": "WH-1", "event_type": ["X"], "resource": {}},
        {"id": "WH-1", "event_type": "CHECKOUT.ORDER.APPROVED", "resource": {}},
        {"id": "WH-1", "event_type": "CHECKOUT.ORDER.APPROVED", "resource": {"id": "../../v1/oauth2/token"}},
        {"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {"id": "a b"}},
        {"id": "WH-1", "event_type": "CUSTOMER.DISPUTE.CREATED", "resource": {"disputed_transactions": [7]}},
        {"id": "WH-1", "event_type": "CUSTOMER.DISPUTE.CREATED", "resource": {"disputed_transactions": {}}},
        {"id": "WH-1", "event_type": "PAYMENT.CAPTURE.REFUNDED", "resource": {"links": [{"rel": "up", "href": 3}]}},
    ],
)
def test_what_is_signed_but_cannot_be_read(standin, said):
    with pytest.raises(ValueError):
        parse(delivery(standin, said))


def test_two_webhook_ids_while_one_is_replaced(standin, settings):
    new = {"paypal_webhook_ids": ["9NEW", standin.webhook_id]}
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update=new)
    sent = delivery(standin, payload("billing_plan_created.json"))
    assert parse(sent).kind == parse(sent, secret="9NEW").kind == "BILLING.PLAN.CREATED"
    with pytest.raises(ForgedWebhook):
        parse(sent, secret="WEBHOOK_ID")


def test_without_a_webhook_id_nothing_verifies(standin, settings):
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"paypal_webhook_ids": []})
    with pytest.raises(ForgedWebhook):
        parse(delivery(standin, payload("billing_plan_created.json")), secret="")


def test_unsigned_stale_and_from_the_future(standin):
    sent = delivery(standin, payload("billing_plan_created.json"))
    for headers in ({}, {"PAYPAL-AUTH-ALGO": "SHA256withRSA"}):
        with pytest.raises(ForgedWebhook):
            PayPal().parse_webhook(headers, sent.body, datetime.now(UTC))
    for stamp in (time.time() - 4 * 86400, time.time() + 3600):
        with pytest.raises(ForgedWebhook, match="stamped"):
            parse(sent, stamp=int(stamp))
    assert standin.calls == []


def test_signed_with_sha1_is_not_taken(standin):
    sent = delivery(standin, payload("billing_plan_created.json"))
    headers = sent.sign()
    message = "|".join(
        [
            headers["PAYPAL-TRANSMISSION-ID"],
            headers["PAYPAL-TRANSMISSION-TIME"],
            standin.webhook_id,
            str(zlib.crc32(sent.body)),
        ]
    )
    weak = standin.signer.key.sign(message.encode(), padding.PKCS1v15(), hashes.SHA1())
    headers |= {"PAYPAL-AUTH-ALGO": "SHA1withRSA", "PAYPAL-TRANSMISSION-SIG": base64.b64encode(weak).decode()}
    with pytest.raises(ForgedWebhook):
        parse(sent, headers=headers)
    with pytest.raises(ForgedWebhook):
        parse(sent, headers=headers | {"PAYPAL-AUTH-ALGO": "SHA256withRSA"})


def test_a_stamp_with_milliseconds_is_one(standin):
    sent = delivery(standin, payload("billing_plan_created.json"))
    headers = sent.sign()
    stamp = headers["PAYPAL-TRANSMISSION-TIME"].replace("Z", ".123Z")
    signature = standin.signer.sign(headers["PAYPAL-TRANSMISSION-ID"], stamp, standin.webhook_id, sent.body)
    headers |= {"PAYPAL-TRANSMISSION-TIME": stamp, "PAYPAL-TRANSMISSION-SIG": signature}
    assert parse(sent, headers=headers).kind == "BILLING.PLAN.CREATED"


# --- the weakness ----------------------------------------------------------------------------------------------------


def test_a_body_with_the_same_crc_passes_the_signature_and_is_only_a_hint(standin):
    """The genuine signature of a harmless event fits a forged payment: what is true is still asked of PayPal."""
    reference = check_out(an_order()).reference
    seen = delivery(standin, payload("billing_plan_created.json"))
    headers = seen.sign()
    forged = forge(reference, zlib.crc32(seen.body))

    event = PayPal().parse_webhook(headers, forged, datetime.now(UTC))

    assert (event.kind, event.reference) == ("PAYMENT.CAPTURE.COMPLETED", reference)
    facts = PayPal().fetch_payment(event.reference)
    assert (facts.status, facts.amount, facts.payment_id) == ("PENDING", 5000, "")
    assert not calls_to(standin, "/capture")


def forge(reference: str, crc: int) -> bytes:
    capture = {
        "id": "9XX99999XX999999X",
        "status": "COMPLETED",
        "amount": {"currency_code": "EUR", "value": "999.00"},
        "supplementary_data": {"related_ids": {"order_id": reference}},
    }
    said = {"id": "WH-FORGED", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": capture, "note": ""}
    body = json.dumps(said).encode()
    forged = colliding(body[:-2], body[-2:], crc)
    assert zlib.crc32(forged) == crc
    assert json.loads(forged)["resource"]["amount"]["value"] == "999.00"
    return forged
