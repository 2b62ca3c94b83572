"""Payout details at rest: under the first key, readable with the old ones while a key is rotated, never in clear."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from payments.models import PayoutDetails
from payments.secret_text import Unreadable, decrypt, encrypt, rotated
from tests.cast import NOW

OLD, NEW, OTHER = "o" * 32, "n" * 40, "x" * 32
IBAN = "DE89 3704 0044 0532 0130 00"


def keys(settings, *these):
    settings.ENCRYPTION_KEYS = list(these)


def test_what_was_written_is_read(settings):
    keys(settings, OLD)
    token = encrypt("Grüße, 東京")
    assert decrypt(token) == decrypt(memoryview(token)) == "Grüße, 東京"
    assert encrypt("Grüße, 東京") != token, "the same text looks different each time"
    assert b"Gr" not in token


def test_an_old_key_still_reads_and_the_first_one_writes(settings):
    keys(settings, OLD)
    token = encrypt(IBAN)
    keys(settings, NEW, OLD)
    assert decrypt(token) == IBAN
    again = rotated(token)
    keys(settings, NEW)
    assert decrypt(again) == IBAN
    with pytest.raises(Unreadable):
        decrypt(token)


@pytest.mark.parametrize("spoiled", [b"", b"nonsense", b"gAAAAA"])
def test_nonsense_is_unreadable(settings, spoiled):
    keys(settings, OLD)
    with pytest.raises(Unreadable):
        decrypt(spoiled)


def test_one_changed_byte_is_noticed(settings):
    keys(settings, OLD)
    token = bytearray(encrypt(IBAN))
    token[40] ^= 1
    with pytest.raises(Unreadable):
        decrypt(bytes(token))


def test_the_key_of_another_place_reads_nothing(settings):
    keys(settings, OLD)
    token = encrypt(IBAN)
    keys(settings, OTHER)
    with pytest.raises(Unreadable):
        decrypt(token)


@pytest.mark.django_db
def test_rotation_writes_every_row_anew(settings, mia, max_, capsys):
    keys(settings, OLD)
    for person in (mia, max_):
        PayoutDetails.objects.create(mentor=person, secret=encrypt(IBAN), changed_at=NOW)
    keys(settings, NEW, OLD)
    call_command("rotate_secrets")
    assert "2 secrets" in capsys.readouterr().out
    keys(settings, NEW)
    assert {decrypt(row.secret) for row in PayoutDetails.objects.all()} == {IBAN}


@pytest.mark.django_db
def test_rotation_says_what_no_key_reads_and_leaves_it(settings, mia, max_):
    keys(settings, OTHER)
    lost = PayoutDetails.objects.create(mentor=mia, secret=encrypt(IBAN), changed_at=NOW)
    keys(settings, OLD)
    PayoutDetails.objects.create(mentor=max_, secret=encrypt(IBAN), changed_at=NOW)
    keys(settings, NEW, OLD)
    with pytest.raises(CommandError, match=rf"payout details {lost.pk}"):
        call_command("rotate_secrets")
    assert bytes(PayoutDetails.objects.get(pk=lost.pk).secret) == bytes(lost.secret)
    keys(settings, NEW)
    assert decrypt(PayoutDetails.objects.get(mentor=max_).secret) == IBAN
