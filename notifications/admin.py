from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from mentorship.kernel import clock
from mentorship.kernel.admin import ReadOnlyAdmin, ReadOnlyInline, verb
from mentorship.kernel.refusals import Refusal
from notifications.models import Delivery, Notification, Preference


class DeliveryInline(ReadOnlyInline):
    model = Delivery
    fields = ("channel", "to", "status", "attempts", "sent_at", "error")


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "recipient", "kind", "title", "read_at", "withdrawn_at")
    list_filter = ("kind",)
    list_select_related = ("recipient",)
    search_fields = ("recipient__email", "about", "dedupe_key")
    inlines = (DeliveryInline,)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "to", "kind", "subject", "status", "attempts", "sent_at", "error")
    list_filter = ("status", "channel", "kind")
    search_fields = ("to", "subject")
    # The words of account mails carry login codes: not for other eyes.
    exclude = ("text", "html", "attachments")
    actions_detail = ("send_again",)

    @verb("Try again", "A message that was given up goes back to the outbox.")
    def send_again(self, request: HttpRequest, form: object, object_id: str) -> str:
        waiting = {
            "status": Delivery.Status.PENDING,
            "attempts": 0,
            "error": "",
            "next_attempt_at": clock.machine_now(),
        }
        if not Delivery.objects.filter(pk=object_id, status=Delivery.Status.FAILED).update(**waiting):
            raise Refusal("wrong_state", "Only a message that was given up can be tried again.")
        return "It is in the outbox again."


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin):
    list_display = ("user", "kind", "channel", "enabled")
    list_select_related = ("user",)
