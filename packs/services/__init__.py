"""Use-cases of packs and credits. Callers that move credits hold the people's locks; each function locks the pack."""

from packs.services.credits import (
    adjust_credits,
    come_back,
    free_by_purchase,
    hold_credit,
    lapse_credit,
    release_credit,
    take_returned,
    unuse_credit,
    use_credit,
)
from packs.services.expiry import expire_lapsed, shift_expiry
from packs.services.freezing import freeze, thaw
from packs.services.granting import grant_or_extend
from packs.services.pausing import answer_pause, ask_for_pause, resume
from packs.services.refunding import close_refunded, refund_credits, restore_credits, unsettled_of

__all__ = [
    "adjust_credits",
    "answer_pause",
    "ask_for_pause",
    "close_refunded",
    "come_back",
    "expire_lapsed",
    "free_by_purchase",
    "freeze",
    "grant_or_extend",
    "hold_credit",
    "lapse_credit",
    "refund_credits",
    "release_credit",
    "restore_credits",
    "resume",
    "shift_expiry",
    "take_returned",
    "thaw",
    "unsettled_of",
    "unuse_credit",
    "use_credit",
]
