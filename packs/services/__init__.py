"""Use-cases of packs and credits. Callers that move credits hold the people's locks; each function locks the pack."""

from packs.services.credits import (
    adjust_credits,
    come_back,
    free_by_purchase,
    hold_credit,
    lapse_credit,
    release_credit,
    returned_credit,
    take_returned,
    unuse_credit,
    use_credit,
)
from packs.services.expiry import expire_lapsed
from packs.services.freezing import freeze, thaw
from packs.services.granting import Extension, grant_or_extend, revived_by_renewal, what_if_extended
from packs.services.pausing import (
    answer_pause,
    ask_for_pause,
    days_left,
    resume,
    resume_overdue,
    what_if_paused,
    what_if_resumed,
)
from packs.services.refunding import close_refunded, refund_credits, restore_credits, unsettled_of
from packs.services.renewing import may_turn_off, renewal_is_off, turn_renewal_off, turn_renewal_on
from packs.services.shifting import give_days, shift_expiry, take_days_back

__all__ = [
    "Extension",
    "adjust_credits",
    "answer_pause",
    "ask_for_pause",
    "close_refunded",
    "come_back",
    "days_left",
    "expire_lapsed",
    "free_by_purchase",
    "freeze",
    "give_days",
    "grant_or_extend",
    "hold_credit",
    "lapse_credit",
    "may_turn_off",
    "refund_credits",
    "release_credit",
    "renewal_is_off",
    "restore_credits",
    "resume",
    "resume_overdue",
    "returned_credit",
    "revived_by_renewal",
    "shift_expiry",
    "take_days_back",
    "take_returned",
    "thaw",
    "turn_renewal_off",
    "turn_renewal_on",
    "unsettled_of",
    "unuse_credit",
    "use_credit",
    "what_if_extended",
    "what_if_paused",
    "what_if_resumed",
]
