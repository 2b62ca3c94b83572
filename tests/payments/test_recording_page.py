"""The page on which an admin records money that came elsewhere."""

from __future__ import annotations

import pytest
from django.urls import reverse

from payments.models import Order, Payment
from tests.cast import NOW, offering
from tests.payments.scene import pay, place
from tests.payments.test_pages import text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audited")]


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOW, tick=False)


class TestRecordingMoney:
    URL = "/admin/payments/order/record-payment/"

    def form(self, of, **more):
        given = {"email": "SAM@example.test", "offering": of.pk, "amount": "", "currency": "", "note": "Bank, 30 May"}
        return given | {"idempotency_key": "k1"} | more

    def test_finds_the_offering_and_records_its_price(self, boss, client, sam, mia):
        of, other = offering(mia, title="Deploy at last"), offering(mia, title="Something else")
        assert self.URL in client.get(reverse("admin:payments_order_changelist")).content.decode()
        found = client.get(self.URL, {"q": "deploy", "email": "sam@example.test"})
        assert "Deploy at last" in text(found)
        assert other.title not in text(found)
        done = client.post(self.URL, self.form(of))
        order = Order.objects.get()
        assert done.url == reverse("admin:payments_order_change", args=[order.pk])
        assert (order.status, order.amount_minor, order.student) == ("FULFILLED", 28000, sam)
        assert Payment.objects.get().by == boss
        client.post(self.URL, self.form(of))
        assert Order.objects.count() == 1

    def test_another_sum(self, boss, client, sam, mia):
        client.post(self.URL, self.form(offering(mia), amount="99.50", currency="USD"))
        order = Order.objects.get()
        assert (order.amount_minor, order.currency) == (9950, "USD")

    def test_for_nothing(self, boss, client, sam, mia):
        client.post(self.URL, self.form(offering(mia), amount="0", note="A prize"))
        assert (Order.objects.get().provider, Payment.objects.get().note) == ("free", "A prize")

    @pytest.mark.parametrize(
        "more",
        [{"email": "nobody@example.test"}, {"email": "nonsense"}, {"note": ""}, {"note": "a\0b"}, {"amount": "-1"},
         {"amount": "1.234"}, {"amount": "NaN"}, {"amount": "1e40"}, {"currency": "XXQ"}, {"offering": "x"},
         {"offering": "9" * 30}, {"idempotency_key": "k" * 300}],
    )  # fmt: skip
    def test_bad_input(self, boss, client, sam, mia, more):
        answer = client.post(self.URL, self.form(offering(mia), **more))
        assert answer.status_code in (404, 422)
        assert not Order.objects.exists()

    def test_a_full_mentor(self, boss, client, sam, sue, mia):
        mia.mentor_profile.max_active_students = 1
        mia.mentor_profile.save()
        of = offering(mia)
        pay(place(sue, of))
        answer = client.post(self.URL, self.form(of))
        assert answer.status_code == 409
        assert "seat" in text(answer)
        assert Order.objects.count() == 1
