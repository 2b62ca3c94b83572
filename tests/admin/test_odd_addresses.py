"""A typed or broken address in the admin of money leads nowhere; it never breaks, whatever stands for the number."""

from __future__ import annotations

import pytest
from django.contrib import admin

from mentorship.people.models import User
from payments.models import Dispute, LedgerTransaction, Order, Payment, Payout, Refund, WebhookEvent

MONEY = (Order, Payment, Refund, Dispute, Payout, WebhookEvent, LedgerTransaction)
NO_IDS = ["x", "0", "-1", "99999999999999999999", "%00", "%D9%A3"]


@pytest.mark.parametrize("model", MONEY, ids=lambda model: model._meta.model_name)
@pytest.mark.parametrize("number", NO_IDS)
def test_nothing_is_found_there(boss, client, model, number):
    client.force_login(boss)
    base = f"/admin/payments/{model._meta.model_name}/{number}"
    assert client.get(f"{base}/change/").status_code in (302, 404)
    model_admin = admin.site._registry[model]
    for name in model_admin.actions_detail or ():
        address = f"{base}/{name.replace('_', '-')}/"
        said = {"_form_submitted": "True", "reason": "r", "reference": "r", "sessions": "1"}
        assert client.get(address).status_code < 500
        answer = client.post(address, said)
        assert answer.status_code in (302, 403, 404), (address, answer.status_code)


def test_a_person_without_an_address_is_refused_on_the_form(boss, client):
    """The check of the password reads the names of who has none yet: that broke the page."""
    said = {"email": "", "usable_password": "true", "password1": "demo-password-1", "password2": "demo-password-1"}
    page = client.post("/admin/people/user/add/", said)
    assert (page.status_code, User.objects.count()) == (200, 1)
    assert "email" in page.context["adminform"].form.errors
