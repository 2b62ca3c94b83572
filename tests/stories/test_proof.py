"""The proof at the end of each story is one: it fails where something is wrong."""

from __future__ import annotations

import pytest

from packs.models import SessionPack
from payments import ledger
from tests.cast import NOW
from tests.stories.books import assert_sound
from tests.stories.conftest import TILLS
from tests.stories.scene import buy, pack_of

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("till", TILLS[:1], indirect=True)]


def test_a_credit_too_many_is_found(till, mia, sam):
    buy(till, sam, pack_of(mia))
    SessionPack.objects.update(sessions_total=5)
    with pytest.raises(AssertionError):
        assert_sound()
    SessionPack.objects.update(sessions_total=4)


def test_a_sum_that_nothing_explains_is_found(till, mia, sam):
    order = buy(till, sam, pack_of(mia))
    postings = [("PROVIDER", 1), ("MENTOR_PENDING", -1)]
    posted = {"mentor_id": mia.pk, "provider": "sandbox", "currency": "USD", "at": NOW}
    ledger.post(cause="nonsense", memo="", order=order, postings=postings, **posted)
    with pytest.raises(AssertionError):
        assert_sound()
    undone = [(account, -amount) for account, amount in postings]
    ledger.post(cause="nonsense undone", memo="", order=order, postings=undone, **posted)
