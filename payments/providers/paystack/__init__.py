from payments.providers.paystack.adapter import Paystack

__all__ = ["Paystack"]
