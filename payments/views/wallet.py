"""A mentor's wallet: what is pending, available and on its way in each currency, and the entries that explain it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mentorship.kernel import clock, csv_cells, local_time, money
from mentorship.kernel.http import reader_zone
from mentorship.kernel.refusals import Refusal
from mentorship.people.http import SignedInRequest, mentors_only
from payments import ledger, statement
from payments.ledger import Balance
from payments.models import LedgerEntry, Payout, PayoutDetails
from payments.payout_details import Details
from payments.secret_text import Unreadable
from payments.services.shares import coming

PAGE = 50
PAYOUTS = 20
MONTHS = 120


@dataclass
class Purse:
    """What a mentor has in one currency: the balance, the payout that waits, and what becomes available when."""

    balance: Balance
    waiting: Payout | None = None
    next: list[dict[str, str]] = field(default_factory=list)

    @property
    def owes(self) -> bool:
        return self.balance.available < 0

    @property
    def owed_display(self) -> str:
        return money.display(-self.balance.available, self.balance.currency)


@never_cache
@mentors_only
@require_safe
def wallet(request: SignedInRequest) -> HttpResponse:
    return show(request)


def show(request: SignedInRequest, refusal: Refusal | None = None) -> HttpResponse:
    """The page, and above it why something was refused."""
    mentor, zone, now = request.user, reader_zone(request), request.now
    month = Month.read(request.GET.get("month", ""), zone)
    rows = month.of(statement.rows_of(mentor.pk)) if month else statement.rows_of(mentor.pk)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal() and len(before) < 19:
        rows = rows.filter(transaction__lt=int(before))
    found = statement.lines(rows[: PAGE + 1], zone, now)
    payouts = Payout.objects.filter(mentor=mentor).order_by("-requested_at", "-pk")[:PAYOUTS]
    context = {
        "refusal": refusal,
        "profile": mentor.mentor_profile,
        "purses": _purses(mentor.pk, zone, now),
        "payouts": payouts,
        "details": known_details(mentor.pk),
        "lines": found[:PAGE],
        "older_url": _older(month, found[PAGE - 1].id) if len(found) > PAGE else "",
        "month": month,
        "months": _months(mentor.pk, zone, now),
    }
    return render(request, "payments/wallet.html", context, status=refusal.status if refusal else 200)


def known_details(mentor_id: int) -> Details | None:
    """Where the payouts go; None when nothing is known, or no key reads it any more."""
    row = PayoutDetails.objects.filter(mentor=mentor_id).first()
    try:
        return Details.opened(row.secret) if row else None
    except Unreadable:
        return None


def _purses(mentor_id: int, zone: ZoneInfo, now: datetime) -> list[Purse]:
    purses = {balance.currency: Purse(balance) for balance in ledger.balances(mentor_id)}
    for payout in Payout.objects.filter(mentor=mentor_id, status=Payout.Status.REQUESTED):
        purses[payout.currency].waiting = payout
    days: dict[tuple[str, str], int] = {}
    for share in coming(mentor_id):
        key = (share.currency, _day(share.at, zone, now))
        days[key] = days.get(key, 0) + share.amount_minor
    for (currency, day), amount in days.items():
        purses[currency].next.append({"sum": money.display(amount, currency), "day": day})
    return list(purses.values())


def _day(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """ "yours on Friday": the day in the reader's words. What is overdue comes with the next run of the job."""
    if at <= now:
        return "within the hour"
    days = (at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days < 2:
        return ("today", "tomorrow")[days]
    return f"on {local_time.words(at, zone, now=now, style='day' if days < 7 else 'date')}"


@dataclass(frozen=True)
class Month:
    """A month of the reader's calendar, `2026-06`."""

    start: datetime

    @classmethod
    def read(cls, text: str, zone: ZoneInfo) -> Month | None:
        """None for anything that is no month."""
        try:
            return cls(datetime.strptime(text, "%Y-%m").replace(tzinfo=zone))
        except (ValueError, OverflowError):
            return None

    @property
    def next(self) -> Month:
        year, month = divmod(self.start.year * 12 + self.start.month, 12)
        return Month(self.start.replace(year=year, month=month + 1))

    @property
    def key(self) -> str:
        return f"{self.start:%Y-%m}"

    @property
    def label(self) -> str:
        return f"{self.start:%B %Y}"

    def of(self, rows: Any) -> Any:
        if self.start.year in (1, 9999):  # no clock of ours goes there, and its edges are no dates
            return rows.none()
        return rows.filter(transaction__at__gte=self.start, transaction__at__lt=self.next.start)


def _months(mentor_id: int, zone: ZoneInfo, now: datetime) -> list[Month]:
    """From this month back to the first entry."""
    first = (
        LedgerEntry.objects.filter(mentor=mentor_id).order_by("transaction").values_list("transaction__at", flat=True)
    )
    if not (at := first.first()):
        return []
    found: list[Month] = []
    month = Month(at.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    while month.start <= now and len(found) < MONTHS:
        found.append(month)
        month = month.next
    return found[::-1]


def _older(month: Month | None, before: int) -> str:
    query = {"month": month.key} if month else {}
    return "?" + urlencode({**query, "before": before}) + "#statement"


@never_cache
@mentors_only
@require_safe
def download(request: SignedInRequest) -> HttpResponseBase:
    """The statement as CSV, all of it or one month, oldest first; sums with the currency's decimals."""
    zone = reader_zone(request)
    month = Month.read(request.GET.get("month", ""), zone)
    rows = statement.rows_of(request.user.pk).order_by("transaction")
    if month:
        rows = month.of(rows)
    lines = csv_cells.lines(_table(request, rows, zone))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"statement-{month.key if month else 'all'}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _table(request: SignedInRequest, rows: Any, zone: ZoneInfo) -> Iterator[list[object]]:
    yield ["when", "what", "about", "order", "currency", "pending", "available", "in payout"]
    for line in statement.all_lines(rows, zone, request.now):
        sums = [money.to_major(n, line.currency) for n in (line.pending, line.available, line.in_payout)]
        yield [clock.iso(line.at), line.what, line.about, line.order_number, line.currency, *sums]
