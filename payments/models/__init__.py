from payments.models.dispute import Dispute
from payments.models.ledger import LedgerEntry, LedgerTransaction
from payments.models.order import Order
from payments.models.payment import Payment, Refund
from payments.models.payout import Payout, PayoutDetails
from payments.models.sandbox import SandboxCheckout, SandboxDelivery, SandboxDispute, SandboxRefund
from payments.models.webhook import WebhookEvent

__all__ = [
    "Dispute",
    "LedgerEntry",
    "LedgerTransaction",
    "Order",
    "Payment",
    "Payout",
    "PayoutDetails",
    "Refund",
    "SandboxCheckout",
    "SandboxDelivery",
    "SandboxDispute",
    "SandboxRefund",
    "WebhookEvent",
]
