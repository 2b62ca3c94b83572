from __future__ import annotations

from datetime import datetime
from uuid import UUID

from payments import providers
from payments.models import Order
from payments.services.confirm import apply_facts
from payments.services.fulfil import fulfil_order


def confirm_and_fulfil(order_id: UUID, now: datetime) -> Order:
    """Ask the provider what is true about this order, record it, then grant it. Any number of times, at once or again.

    Raises ProviderTrouble when the provider cannot be asked; then nothing has changed.
    """
    order = Order.objects.get(pk=order_id)
    if order.provider_reference and order.status != Order.Status.FULFILLED:
        facts = providers.by_name(order.provider).fetch_payment(order.provider_reference, collect=order.is_collected)
        apply_facts(order.pk, facts, now=now)
    return fulfil_order(order.pk, now)
