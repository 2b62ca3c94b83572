"""The admin of money, a file for each noun. Importing a file registers what stands in it."""

from payments.admin import events, ledger, orders, payments, payouts, refunds, sandbox

__all__ = ["events", "ledger", "orders", "payments", "payouts", "refunds", "sandbox"]
