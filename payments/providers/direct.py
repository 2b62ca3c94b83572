"""What a mentor gives to a student who pays them elsewhere: here it costs nothing, so no share is owed."""

from __future__ import annotations

from payments.providers.free import Free


class Direct(Free):
    name = "direct"
    label = "Paid to the mentor directly"

    def takes(self, currency: str, amount_minor: int) -> bool:
        return False  # never offered to a buyer
