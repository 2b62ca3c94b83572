from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mentorship.kernel import clock
from mentorship.pages.closing.service import close_now, plan_closing, refund_states, students_left
from mentorship.people.models import User


class Command(BaseCommand):
    help = "Close a mentor: stop sales, refund what is unused, cancel what comes, tell everybody. Again goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--dry-run", action="store_true", help="Say what it would do, and do nothing.")
        parser.add_argument("--reason", default="The mentor does not mentor here any more.", help="Everybody reads it.")

    def handle(self, *args: Any, **options: Any) -> None:
        mentor = User.objects.filter(email__iexact=options["email"], mentor_profile__isnull=False).first()
        if mentor is None:
            raise CommandError(f"There is no mentor {options['email']}.")
        if options["dry_run"]:
            plan = plan_closing(mentor, now=clock.now())
            for line in (*plan.sentences, *plan.left):
                self.stdout.write(line)
            return
        closing = close_now(mentor_id=mentor.pk, by=None, reason=options["reason"])
        self.stdout.write(f"Ended with {_people(closing.done)}; {_people(closing.waiting)} on the waiting list told.")
        for state, count in refund_states(closing).items():
            self.stdout.write(f"Refunds {state}: {count}")
        names = User.objects.in_bulk([int(pk) for pk in closing.problems])
        for pk, why in closing.problems.items():
            self.stdout.write(f"{names[int(pk)]}: {why}")
        left = len(students_left(mentor, clock.now()))
        self.stdout.write("Everything is ended." if not left else f"{left} left; run it again, or let the job go on.")


def _people(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"
