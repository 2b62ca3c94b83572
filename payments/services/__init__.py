"""Use-cases of money: check out, confirm what came in, grant it or give it back, release the mentors' shares."""

from payments.providers import offered as provider_names
from payments.services.buyable import check_buyable, is_seated
from payments.services.confirm import confirm_payment, give_up, record_decline
from payments.services.fulfil import fulfil_order
from payments.services.inbox import replay
from payments.services.ordering import checkout
from payments.services.settle import confirm_and_fulfil

__all__ = [
    "check_buyable",
    "checkout",
    "confirm_and_fulfil",
    "confirm_payment",
    "fulfil_order",
    "give_up",
    "is_seated",
    "provider_names",
    "record_decline",
    "replay",
]
