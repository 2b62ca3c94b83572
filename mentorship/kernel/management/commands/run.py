from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from mentorship.kernel import clock, jobs


class Command(BaseCommand):
    help = "Run one periodic job now, or as if it were the given instant."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job", choices=sorted(jobs.names()))
        parser.add_argument("--now", help="ISO 8601 with offset, e.g. 2026-11-21T10:00:00Z")

    def handle(self, *args: Any, **options: Any) -> None:
        done = jobs.run(options["job"], self.instant(options["now"]))
        self.stdout.write(f"{options['job']}: {done}")

    def instant(self, text: str | None) -> datetime:
        if text is None:
            return clock.now()
        moment = parse_datetime(text)
        if moment is None or moment.tzinfo is None:
            raise CommandError(f"{text!r} is not an ISO 8601 instant with an offset")
        return moment
