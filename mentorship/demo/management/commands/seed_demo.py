from typing import Any

from django.core.management.base import BaseCommand

from mentorship.demo.seed.world import seed
from mentorship.kernel import clock


class Command(BaseCommand):
    help = "Make the demo's people and their history. Does nothing when they exist."

    def handle(self, *args: Any, **options: Any) -> None:
        made = seed(clock.now())
        self.stdout.write(f"Made {made} people." if made else "The demo's people exist already.")
