"""What waits for an admin, at the top of the admin's overview: claims to decide first, then money, then people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from mentorship.kernel import clock, local_time
from mentorship.pages.models import MentorClosing
from mentorship.people.models import MentorProfile
from payments.models import Order, Refund
from sessions_app.models import Claim

SHOWN = 5


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Two statements for each kind that the reader may see (unfold's DASHBOARD_CALLBACK)."""
    now = getattr(request, "now", None) or clock.now()
    user: Any = request.user
    kinds: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "sessions_app.view_claim": lambda: [_claims(now, user.zone)],
        "payments.view_refund": lambda: [_refunds()],
        "payments.view_order": lambda: [_orders()],
        "people.view_mentorprofile": lambda: [_applied(), _closings()],
    }
    blocks = [block for right, look in kinds.items() if user.has_perm(right) for block in look()]
    return context | {
        "needs_you": [block for block in blocks if block["count"]],
        "may_support": user.has_perm("people.view_user"),
        "query": "",
    }


def _claims(now: datetime, zone: Any) -> dict[str, Any]:
    claims = Claim.objects.for_an_admin(now).select_related("session__student", "session__mentor")  # type: ignore[attr-defined]

    def tell(claim: Claim) -> tuple[str, str]:
        session = claim.session
        when = local_time.words(session.starts_at, zone, now=now)
        said = f"{session.student.display_name} with {session.mentor.display_name}, {when}"
        return f"{said}: {claim.get_wanted_display()}?", reverse("desk:verb", args=["claim", claim.pk])

    words = "claim to decide|claims to decide"
    return _block(words, "sessions_app_claim", "stands=decide", claims.order_by("answer_by"), tell)


def _refunds() -> dict[str, Any]:
    refunds = Refund.objects.needing_somebody().select_related("order", "payment")  # type: ignore[attr-defined]
    return _block(
        "refund that needs you|refunds that need you",
        "payments_refund",
        "needs=yes",
        refunds.order_by("created_at"),
        lambda refund: (f"{refund.amount_display}: {refund.needs}", _change("payments_refund", refund.pk)),
    )


def _orders() -> dict[str, Any]:
    return _block(
        "order that asks for attention|orders that ask for attention",
        "payments_order",
        "attention__isempty=0",
        Order.objects.exclude(attention="").order_by("created_at"),
        lambda order: (f"{order.number}: {order.attention}", _change("payments_order", order.pk)),
    )


def _applied() -> dict[str, Any]:
    applied = MentorProfile.objects.filter(applied_at__isnull=False, verified_at=None, user__is_active=True)
    return _block(
        "mentor to verify|mentors to verify",
        "people_mentorprofile",
        "verified_at__isempty=1",
        applied.exclude(user__closings__isnull=False).select_related("user").order_by("applied_at"),
        lambda profile: (f"{profile}: {profile.promise}", _change("people_mentorprofile", profile.pk)),
    )


def _closings() -> dict[str, Any]:
    closings = MentorClosing.objects.filter(finished_at=None).select_related("mentor")
    return _block(
        "mentor being closed|mentors being closed",
        "pages_mentorclosing",
        "finished_at__isempty=1",
        closings.order_by("began_at"),
        lambda one: (f"{one.mentor.display_name}: ended with {one.done}", reverse("desk:close", args=[one.mentor_id])),
    )


def _change(model: str, pk: Any) -> str:
    return reverse(f"admin:{model}_change", args=[pk])


def _block(
    title: str, model: str, asked: str, rows: QuerySet[Any], tell: Callable[[Any], tuple[str, str]]
) -> dict[str, Any]:
    shown: Iterable[Any] = rows[:SHOWN]
    told = [tell(row) for row in shown]
    count = rows.count() if told else 0
    one, _, many = title.partition("|")
    return {
        "title": one if count == 1 else many,
        "url": f"{reverse(f'admin:{model}_changelist')}?{asked}",
        "count": count,
        "rows": [{"words": words, "url": url} for words, url in told],
    }
