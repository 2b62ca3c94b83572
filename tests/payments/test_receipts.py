"""Receipts: who sold what, how it was paid, what went back and what remains; for the buyer alone, on paper and as PDF."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress

import pytest
from django.test import Client

from mentorship.people.models import User
from notifications.models import Notification
from payments.receipt_pdf import can_draw, draw
from payments.receipts import has_receipt, receipt_of
from payments.services import plan_refund, refund_order
from payments.services.refunds import send_due
from tests.cast import DAY, NOW, offering
from tests.payments.scene import pay, place
from tests.payments.test_payouts import gone_at_the_provider

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday_noon(time_machine, settings):
    time_machine.move_to(NOW, tick=False)
    settings.OPERATOR_NAME = "Mentors of the World GmbH"
    settings.OPERATOR_ADDRESS = "Hauptstraße 1\n10115 Berlin"
    settings.OPERATOR_TAX_ID = "DE123456789"


def get(person, order, form=""):
    client = Client()
    client.force_login(person)
    return client.get(f"/checkout/orders/{order.pk}/receipt{form}")


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_says_who_sold_what_to_whom_and_how_it_was_paid(mia, sam):
    order = pay(place(sam, offering(mia)))
    said = words(get(sam, order))
    for part in ("Sold by Mia", "Bought by Sam sam@example.test", "Paid by Sandbox (no real money)", f"Order {order.number}",
                 "4 sessions of 60 minutes with Mia", "Paid on 1 June 2026 €280", "Total €280",
                 "Mentors of the World GmbH Hauptstraße 1 10115 Berlin Tax number DE123456789"):  # fmt: skip
        assert part in said
    assert "Remains" not in said


def test_refunds_stand_on_it_and_what_remains(mia, sam):
    order = pay(place(sam, offering(mia)))
    refund_order(order_id=order.pk, by=mia, reason="agreed", now=NOW + DAY, sessions=1,
                 expect=plan_refund(order, now=NOW + DAY, sessions=1).digest)  # fmt: skip
    said = words(get(sam, order))
    assert "Refund on its way, 2 June 2026 -€70" in said and "Remains paid €210" in said
    send_due(NOW + 2 * DAY)
    said = words(get(sam, order))
    assert "Refunded, 3 June 2026 -€70" in said and "Remains paid €210" in said
    gone_at_the_provider(order, 1, now=NOW + 3 * DAY)
    receipt = receipt_of(order)
    assert [g.amount_minor for g in receipt.gone_back] == [7000, 1]
    assert receipt.remains_minor == 20999


def test_a_free_one_says_nothing_was_paid(mia, sam):
    order = place(sam, offering(mia, price=0))
    assert "Paid by Free" in words(get(sam, order))


def test_is_the_buyers_alone(mia, sam, otto):
    order = pay(place(sam, offering(mia)))
    for stranger in (mia, otto):
        assert get(stranger, order).status_code == get(stranger, order, ".pdf").status_code == 404
    anybody = Client().get(f"/checkout/orders/{order.pk}/receipt")
    assert anybody.status_code == 302 and anybody.url.startswith("/accounts/login/")


def test_there_is_none_before_it_is_paid(mia, sam):
    order = place(sam, offering(mia))
    assert not has_receipt(order)
    assert get(sam, order).status_code == get(sam, order, ".pdf").status_code == 404


def test_order_statement_and_mail_lead_there(mia, sam):
    order = pay(place(sam, offering(mia)))
    there = f"/checkout/orders/{order.pk}/receipt"
    client = Client()
    client.force_login(sam)
    for path in (order.get_absolute_url(), f"/student/packs/{order.pack_id}"):
        assert f'href="{there}"' in client.get(path).content.decode(), path
    assert f"http://testserver{there}" in Notification.objects.get(recipient=sam, kind="payment_confirmed").text
    open_order = place(sam, offering(mia, title="Another"))
    assert "/receipt" not in client.get(open_order.get_absolute_url()).content.decode()


def test_a_title_is_text_not_html(mia, sam):
    order = pay(place(sam, offering(mia, title="<script>alert(1)</script>")))
    assert "<script>alert" not in get(sam, order).content.decode()
    assert get(sam, order, ".pdf").status_code == 200


def test_is_a_pdf(mia, sam):
    order = pay(place(sam, offering(mia, title="Łódź, Ελλάδα, Привет, ₦")))
    answer = get(sam, order, ".pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert f'filename="receipt-{order.number}.pdf"' in answer.headers["Content-Disposition"]
    assert answer.content.startswith(b"%PDF-") and answer.content.rstrip().endswith(b"%%EOF")
    assert drawn_text(answer.content) >= set("ReceiptŁódźΕλλάδαПривет€280")


def drawn_text(pdf):
    """The signs of a PDF, out of the tables that say which glyph is which letter (what a reader copies and reads)."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    found = set()
    for raw in streams:
        with suppress(zlib.error):
            raw = zlib.decompress(raw)
        for codes in re.findall(rb"<[0-9A-Fa-f]{4}> <([0-9A-Fa-f]{4})>", raw):
            found.add(chr(int(codes, 16)))
    return found


def test_the_same_receipt_is_the_same_file(mia, sam):
    order = pay(place(sam, offering(mia)))
    assert get(sam, order, ".pdf").content == get(sam, order, ".pdf").content


def test_signs_the_font_does_not_know_are_printed_by_the_browser(mia, sam):
    sam.name = "東京 さくら"
    sam.save()
    order = pay(place(sam, offering(mia)))
    page = get(sam, order)
    assert page.status_code == 200 and "receipt.pdf" not in page.content.decode()
    assert get(sam, order, ".pdf").status_code == 404


def test_long_words_stay_on_the_paper(mia, sam):
    User.objects.filter(pk=sam.pk).update(name="X" * 120, email=f"{'y' * 200}@example.test")
    sam.refresh_from_db()
    order = pay(place(sam, offering(mia, title="W" * 120)))
    receipt = receipt_of(type(order).objects.select_related("student", "mentor").get(pk=order.pk))
    assert can_draw(receipt, sam.zone)
    assert draw(receipt, sam.zone).startswith(b"%PDF-")


def test_a_provider_that_is_not_set_up_any_more_keeps_its_name(mia, sam):
    order = pay(place(sam, offering(mia)))
    order.payments.update(provider="paypal")
    assert receipt_of(order).paid_by == "PayPal"
