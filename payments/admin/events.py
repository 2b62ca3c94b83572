"""The webhook inbox as an admin sees it: what waits, what was given up and why, and one press to try it again."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import CharField, DateTimeField, F, OuterRef, QuerySet, Subquery, UUIDField, Value
from django.db.models.functions import Coalesce, Replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from mentorship.kernel import local_time
from mentorship.kernel.admin import ReadOnlyAdmin, verb
from mentorship.kernel.refusals import Refusal
from payments.models import Order, Payment, WebhookEvent
from payments.services.inbox import replay, replay_all

LOOKS = {"dead": "danger", "failing": "warning", "waiting": "info", "done": "success"}
PROMISE = "The provider is asked again what is true. What was granted before is not granted twice."


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("dead", "dead letter"), ("waiting", "waiting"), ("failing", "waiting, has failed"), ("done", "done")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        sets = {
            "dead": queryset.dead,
            "waiting": queryset.waiting,
            "failing": lambda: queryset.waiting().exclude(error=""),
            "done": queryset.done,
        }
        chosen = sets.get(self.value() or "")
        return chosen() if chosen else queryset


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "provider", "kind", "state", "age", "attempts", "reason", "order_link")
    list_filter = (StateFilter, "provider", "kind")
    search_fields = ("reference", "event_key")
    actions = ("replay_selected",)
    actions_detail = ("replay",)
    fields = (
        "provider",
        "kind",
        "state_words",
        "order_link",
        "reference",
        "event_key",
        "received_at",
        "age",
        "attempts",
        "next_attempt_at",
        "processed_at",
        "dead_at",
        "error",
        "content",
    )
    readonly_fields = ("state_words", "age", "order_link", "content")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        """With the order each is about, found in the same statement, and the instant at which they are looked at."""
        theirs = {"provider": OuterRef("provider")}
        named = Order.objects.filter(**theirs, provider_reference=OuterRef("reference")).exclude(provider_reference="")
        paid = Payment.objects.filter(**theirs, provider_payment_id=OuterRef("payment_word"))
        words = super().get_queryset(request).order_by("-id")
        words = words.annotate(
            payment_word=Replace(F("reference"), Value("capture:"), Value(""), output_field=CharField())
        )
        return words.annotate(
            seen_at=Value(request.now, DateTimeField()),  # type: ignore[attr-defined]
            order_pk=Coalesce(
                Subquery(named.values("pk")[:1]), Subquery(paid.values("order_id")[:1]), output_field=UUIDField()
            ),
            order_number=Coalesce(Subquery(named.values("number")[:1]), Subquery(paid.values("order__number")[:1])),
        )

    @display(description="State", label=LOOKS)
    def state(self, event: WebhookEvent) -> tuple[str, str]:
        if event.dead_at:
            return "dead", "dead letter"
        if event.processed_at:
            return "done", "done"
        return ("failing", "trying again") if event.error else ("waiting", "waiting")

    @admin.display(description="State")
    def state_words(self, event: WebhookEvent) -> str:
        return self.state(event)[1]

    @admin.display(description="Age", ordering="received_at")
    def age(self, event: WebhookEvent) -> str:
        return local_time.span(event.seen_at - event.received_at)  # type: ignore[attr-defined]

    @admin.display(description="Reason")
    def reason(self, event: WebhookEvent) -> str:
        return event.error.split("\n")[0][:160]

    @admin.display(description="Order")
    def order_link(self, event: WebhookEvent) -> str | SafeString:
        if not event.order_pk:  # type: ignore[attr-defined]
            return "-"
        page = reverse("admin:payments_order_change", args=[event.order_pk])  # type: ignore[attr-defined]
        return format_html('<a class="underline" href="{}">{}</a>', page, event.order_number)  # type: ignore[attr-defined]

    @admin.display(description="What it said")
    def content(self, event: WebhookEvent) -> SafeString:
        return format_html('<pre class="whitespace-pre-wrap break-all">{}</pre>', readable(event.payload))

    @verb("Replay", PROMISE)
    def replay(self, request: HttpRequest, form: object, object_id: str) -> str:
        if not replay(int(object_id)):
            raise Refusal("wrong_state", "This event is waiting to be processed already.")
        return "It is processed again within seconds."

    @admin.action(description="Replay the selected events", permissions=["verb"])
    def replay_selected(self, request: HttpRequest, events: QuerySet[WebhookEvent]) -> HttpResponse | None:
        """Asks first: a page with a form, so that it needs no script."""
        if "confirmed" in request.POST:
            done = replay_all(events.values_list("pk", flat=True))
            messages.success(request, f"{done} processed again within seconds; {len(events) - done} wait already.")
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Replay the selected events",
            "promise": PROMISE,
            "events": events,
            "over": events.filter(pk__in=WebhookEvent.objects.over()).count(),
            "opts": self.opts,
        }
        return render(request, "admin/replay_events.html", context)


def readable(payload: str) -> str:
    """JSON with a line for each value; what is none, as it came."""
    try:
        return json.dumps(json.loads(payload), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return payload
