"""Ledger entries that were written before they named their provider are named by the migration, from their payments."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from payments.jobs import send_refunds
from payments.models import LedgerEntry, Payment
from payments.services import refund_order
from tests.cast import NOW, mentor, offering, user
from tests.payments.scene import pay, place

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(*targets):
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets) or executor.loader.graph.leaf_nodes())
    return MigrationExecutor(connection).loader.project_state(list(targets)).apps if targets else None


@pytest.fixture
def as_it_was():
    """Back to the first migration of payments; whatever happens, the database ends as it has to be."""
    try:
        yield lambda: migrate(("payments", "0001_initial"))
    finally:
        migrate()


def named():
    """Every entry on a provider's account: its cause's kind, its payment's provider, whom it names."""
    rows = LedgerEntry.objects.filter(account="PROVIDER").order_by("pk").select_related("transaction")
    return [(entry.transaction.cause.partition(":")[0], entry.provider, entry.amount_minor) for entry in rows]


def test_old_entries_are_named(as_it_was):
    mia = mentor("mia")
    sams, sues = pay(place(user("sam"), offering(mia))), pay(place(user("sue"), offering(mia, price=40000)))
    refund_order(order_id=sams.pk, by=None, reason="", now=NOW, sessions=1)
    assert send_refunds(NOW) == 1
    balances = sorted(LedgerEntry.objects.values_list("transaction__cause", "account", "mentor", "amount_minor"))

    then = as_it_was()
    assert "provider" not in {field.name for field in then.get_model("payments", "LedgerEntry")._meta.fields}
    assert then.get_model("payments", "LedgerEntry").objects.count() == len(balances)
    # Hers was paid with another provider: each entry has to follow its own payment.
    assert then.get_model("payments", "Payment").objects.filter(order=sues.pk).update(provider="elsewhere") == 1

    migrate()
    assert named() == [("payment", "sandbox", 28000), ("payment", "elsewhere", 40000), ("refund", "sandbox", -7000)]
    assert not LedgerEntry.objects.exclude(account="PROVIDER").exclude(provider="").exists()
    after = sorted(LedgerEntry.objects.values_list("transaction__cause", "account", "mentor", "amount_minor"))
    assert after == balances, "no sum has moved"
    assert Payment.objects.filter(provider="elsewhere").count() == 1


def test_history_is_protected_again_afterwards(as_it_was):
    pay(place(user("sam"), offering(mentor("mia"))))
    as_it_was()
    migrate()
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("UPDATE payments_ledgerentry SET amount_minor = 1")
