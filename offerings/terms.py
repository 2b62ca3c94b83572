from __future__ import annotations

from dataclasses import dataclass, fields

from offerings.models import Offering


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is sold, as it stood when it was seen: requests and orders keep it (`**asdict(terms)`), whatever the mentor edits."""

    title: str
    takes_seat: bool
    session_count: int
    duration_minutes: int
    validity_days: int
    amount_minor: int
    currency: str

    @classmethod
    def of(cls, offering: Offering) -> Terms:
        """Those that an offering has now."""
        return cls(
            title=offering.title,
            takes_seat=offering.takes_seat,
            session_count=offering.session_count,
            duration_minutes=offering.duration_minutes,
            validity_days=offering.effective_validity_days,
            amount_minor=offering.price_minor,
            currency=offering.currency,
        )

    @classmethod
    def kept_by(cls, row: object) -> Terms:
        """Those that a request or an order has kept."""
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})
