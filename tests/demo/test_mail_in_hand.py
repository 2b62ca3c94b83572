"""A worker is about to send a mail: whoever asks for the mails meanwhile still reads it."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from mentorship.demo import drawer
from notifications.models import Delivery
from notifications.services import send_mail
from tests.cast import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_mail_whose_row_a_worker_has_just_locked_is_waited_for(db):
    send_mail("new_message", "sam@example.test", "Hello", "Text", now=NOW)
    locked = threading.Event()

    def claiming() -> None:
        # What `claim` does, slowly: the row is locked, and its lease is not written yet.
        with transaction.atomic():
            list(Delivery.objects.select_for_update(no_key=True))
            locked.set()
            time.sleep(0.3)
        connection.close()

    worker = threading.Thread(target=claiming)
    worker.start()
    locked.wait()
    assert [mail.subject for mail in drawer.mails(NOW)] == ["Hello"]
    worker.join()
