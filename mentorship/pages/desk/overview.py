"""What waits for an admin, at the top of the admin's overview: claims to decide first, then money, then people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
    may = request.user.has_perm
    zone = request.user.zone  # type: ignore[union-attr]
    blocks = []
    if may("sessions_app.view_claim"):
        claims = Claim.objects.for_an_admin(now).select_related("session__student", "session__mentor")  # type: ignore[attr-defined]
        blocks.append(
            _block(
                "claim to decide|claims to decide",
                "sessions_app_claim",
                "decide=yes",
                claims.order_by("answer_by"),
                lambda c: (
                    f"{c.session.student.display_name} with {c.session.mentor.display_name}, "
                    f"{local_time.words(c.session.starts_at, zone, now=now)}: {c.get_wanted_display()}?",
                    reverse("desk:verb", args=["claim", c.pk]),
                ),
            )
        )
    if may("payments.view_refund"):
        refunds = Refund.objects.needing_somebody().select_related("order", "payment")  # type: ignore[attr-defined]
        blocks.append(
            _block(
                "refund that needs you|refunds that need you",
                "payments_refund",
                "needs=yes",
                refunds.order_by("created_at"),
                lambda r: (f"{r.amount_display}: {r.needs}", reverse("admin:payments_refund_change", args=[r.pk])),
            )
        )
    if may("payments.view_order"):
        orders = Order.objects.exclude(attention="")
        blocks.append(
            _block(
                "order that asks for attention|orders that ask for attention",
                "payments_order",
                "attention__isempty=0",
                orders.order_by("created_at"),
                lambda o: (f"{o.number}: {o.attention}", reverse("admin:payments_order_change", args=[o.pk])),
            )
        )
    if may("people.view_mentorprofile"):
        applied = MentorProfile.objects.filter(applied_at__isnull=False, verified_at=None, user__is_active=True)
        applied = applied.exclude(user__closings__isnull=False).select_related("user")
        blocks.append(
            _block(
                "mentor to verify|mentors to verify",
                "people_mentorprofile",
                "verified_at__isempty=1",
                applied.order_by("applied_at"),
                lambda p: (f"{p.user.display_name}: {p.promise}", _change("people_mentorprofile", p.pk)),
            )
        )
        closings = MentorClosing.objects.filter(finished_at=None).select_related("mentor")
        blocks.append(
            _block(
                "mentor being closed|mentors being closed",
                "pages_mentorclosing",
                "finished_at__isempty=1",
                closings.order_by("began_at"),
                lambda c: (f"{c.mentor.display_name}: {c.done} ended", reverse("desk:close", args=[c.mentor_id])),
            )
        )
    return context | {
        "needs_you": [block for block in blocks if block["count"]],
        "may_support": may("people.view_user"),
        "query": "",
    }


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
