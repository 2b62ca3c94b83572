"""Use-cases of money: check out, confirm what came in, grant it or give it back, release the mentors' shares."""

from payments.providers import cannot_be_paid, offered as providers_for
from payments.services.asking import ask, ask_or_checkout
from payments.services.buyable import asks_first, check_buyable, has_offer, is_seated
from payments.services.confirm import confirm_payment, give_up, record_decline
from payments.services.fulfil import fulfil_order
from payments.services.inbox import replay
from payments.services.invite import invite_student
from payments.services.manual import record_payment
from payments.services.ordering import checkout
from payments.services.proceeding import proceed_payment
from payments.services.refund_plan import RefundPlan, plan_refund
from payments.services.refunding import (
    call_off,
    give_money_back,
    paid_back_by_hand,
    refund_order,
    take_sessions,
    try_again,
)
from payments.services.renewal import Renewal, what_if_renewed, with_own_seat
from payments.services.settle import confirm_and_fulfil
from payments.services.wishes import ask_for_refund, decline_refund

__all__ = [
    "RefundPlan",
    "Renewal",
    "ask",
    "ask_for_refund",
    "ask_or_checkout",
    "asks_first",
    "call_off",
    "cannot_be_paid",
    "check_buyable",
    "checkout",
    "confirm_and_fulfil",
    "confirm_payment",
    "decline_refund",
    "fulfil_order",
    "give_money_back",
    "give_up",
    "has_offer",
    "invite_student",
    "is_seated",
    "paid_back_by_hand",
    "plan_refund",
    "proceed_payment",
    "providers_for",
    "record_decline",
    "record_payment",
    "refund_order",
    "replay",
    "take_sessions",
    "try_again",
    "what_if_renewed",
    "with_own_seat",
]
