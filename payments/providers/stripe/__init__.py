from payments.providers.stripe.adapter import Stripe

__all__ = ["Stripe"]
