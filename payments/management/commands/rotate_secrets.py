from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments.models import Payout, PayoutDetails
from payments.secret_text import Unreadable, rotated

BATCH = 500


class Command(BaseCommand):
    help = "Write all encrypted payout details anew with the first of ENCRYPTION_KEYS. Afterwards old keys may go."

    def handle(self, *args: Any, **options: Any) -> None:
        done, unreadable = 0, []
        for model in (PayoutDetails, Payout):
            for pk, secret in model._default_manager.order_by("pk").values_list("pk", "secret").iterator(BATCH):
                try:
                    # Only if nobody has saved other details meanwhile: those are under the first key already.
                    same = model._default_manager.filter(pk=pk, secret=secret)
                    done += same.update(secret=rotated(secret))
                except Unreadable:
                    unreadable.append(f"{model._meta.verbose_name} {pk}")
        self.stdout.write(f"{done} secrets are under the first key.")
        if unreadable:
            raise CommandError(f"No key reads these, keep all old keys: {', '.join(unreadable)}")
