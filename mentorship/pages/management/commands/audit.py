from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from mentorship.kernel import clock
from mentorship.pages import audit
from mentorship.pages.audit.keeping import keep


class Command(BaseCommand):
    help = (
        "Prove every sum of money, credits, seats, sessions and people's time against the others. "
        "Exit code 1 when something is broken or overdue."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="the whole result as JSON")
        parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this check (may be repeated)")
        parser.add_argument("--list", action="store_true", help="name the checks and what must hold")
        parser.add_argument("--timings", action="store_true", help="how long each check took")
        parser.add_argument("--now", help="as of this instant: ISO 8601 with offset")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for check in audit.CHECKS:
                self.stdout.write(f"{check.name} ({check.kind}): {check.holds}")
            return
        now = clock.now() if options["now"] is None else parse_datetime(options["now"])
        if now is None or now.tzinfo is None:
            raise CommandError(f"{options['now']!r} is not an ISO 8601 instant with an offset")
        try:
            report = audit.run(now, only=options["only"])
        except KeyError as unknown:
            raise CommandError(f"There is no check {unknown}. --list names them.") from None
        if not options["only"] and options["now"] is None:
            keep(report)
        self.tell(report, options)
        if report.broken or report.overdue:
            sys.exit(1)

    def tell(self, report: audit.Report, options: dict[str, Any]) -> None:
        if options["json"]:
            found = [f.as_json() for f in report.findings]
            said = {"at": clock.iso(report.at), "clean": not report.broken, "findings": found}
            if options["timings"]:
                said["seconds"] = {name: round(took, 3) for name, took in report.seconds.items()}
            self.stdout.write(json.dumps(said, indent=2))
            return
        for finding in report.findings:
            self.stdout.write(f"{finding.check.kind.upper()} {finding.check.name}: {finding.check.holds}")
            for pk, says in finding.rows:
                self.stdout.write(f"  {finding.check.rows or 'books'} {pk}: {says}")
            if finding.count > len(finding.rows):
                self.stdout.write(f"  ... and {finding.count - len(finding.rows)} more")
        if options["timings"]:
            for name, took in sorted(report.seconds.items(), key=lambda pair: -pair[1]):
                self.stdout.write(f"{took:8.3f} s  {name}")
        held = len(report.seconds) - len(report.findings)
        self.stdout.write(f"{held} of {len(report.seconds)} checks hold.")
