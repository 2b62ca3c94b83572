from payments.models.ledger import LedgerEntry, LedgerTransaction
from payments.models.order import Order
from payments.models.payment import Payment, Refund
from payments.models.sandbox import SandboxCheckout, SandboxDelivery, SandboxRefund
from payments.models.webhook import WebhookEvent

__all__ = [
    "LedgerEntry",
    "LedgerTransaction",
    "Order",
    "Payment",
    "Refund",
    "SandboxCheckout",
    "SandboxDelivery",
    "SandboxRefund",
    "WebhookEvent",
]
