from payments.providers.paypal.adapter import PayPal

__all__ = ["PayPal"]
