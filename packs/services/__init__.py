"""Use-cases of packs and credits. Callers that move credits hold the people's locks; each function locks the pack."""

from packs.services.credits import (
    adjust_credits,
    come_back,
    free_by_purchase,
    hold_credit,
    lapse_credit,
    use_credit,
)
from packs.services.expiry import expire_lapsed
from packs.services.granting import grant_or_extend

__all__ = [
    "adjust_credits",
    "come_back",
    "expire_lapsed",
    "free_by_purchase",
    "grant_or_extend",
    "hold_credit",
    "lapse_credit",
    "use_credit",
]
