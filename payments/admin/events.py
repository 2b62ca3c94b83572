from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from mentorship.kernel.admin import ReadOnlyAdmin, verb
from mentorship.kernel.refusals import Refusal
from payments.models import WebhookEvent
from payments.services.inbox import replay


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "provider", "kind", "reference", "attempts", "processed_at", "dead_at", "error")
    list_filter = ("provider", ("dead_at", admin.EmptyFieldListFilter), ("processed_at", admin.EmptyFieldListFilter))
    search_fields = ("reference", "event_key")
    actions_detail = ("replay",)

    @verb("Replay", "The provider is asked again what is true. What was granted before is not granted twice.")
    def replay(self, request: HttpRequest, form: object, object_id: str) -> str:
        if not replay(int(object_id)):
            raise Refusal("wrong_state", "This event is waiting to be processed already.")
        return "It is processed again within seconds."
