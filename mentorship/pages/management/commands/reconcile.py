from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mentorship.kernel import clock, jobs


class Command(BaseCommand):
    help = (
        "Ask the providers about orders that nobody has told us anything about, and about what went back of payments: "
        "what webhooks and return pages have missed. The jobs reconcile_orders and reconcile_reversals, now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--orders", action="store_true", help="only open orders")
        only.add_argument("--reversals", action="store_true", help="only refunds and disputes of payments")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        if not options["reversals"]:
            self.stdout.write(f"{jobs.run('reconcile_orders', now)} orders turned out to be paid.")
        if not options["orders"]:
            self.stdout.write(f"{jobs.run('reconcile_reversals', now)} payments asked for what went back.")
