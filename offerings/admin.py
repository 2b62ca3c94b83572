from __future__ import annotations

from django.contrib import admin
from unfold.admin import ModelAdmin

from offerings.models import Course, Enrolment, Offering


@admin.register(Offering)
class OfferingAdmin(ModelAdmin):
    list_display = (
        "title",
        "mentor",
        "kind",
        "session_count",
        "duration_minutes",
        "price_display",
        "booking_mode",
        "archived_at",
    )
    list_filter = ("kind", "booking_mode", "currency", "is_intro")
    list_select_related = ("mentor",)
    search_fields = ("title", "mentor__email", "mentor__name")
    autocomplete_fields = ("mentor", "course", "private_for")
    show_full_result_count = False


@admin.register(Course)
class CourseAdmin(ModelAdmin):
    list_display = ("title", "owner", "slug")
    list_select_related = ("owner",)
    search_fields = ("title", "owner__email")
    autocomplete_fields = ("owner",)
    prepopulated_fields = {"slug": ("title",)}


@admin.register(Enrolment)
class EnrolmentAdmin(ModelAdmin):
    list_display = ("course", "student", "enrolled_at", "completed_at")
    list_select_related = ("course", "student")
    autocomplete_fields = ("course", "student")
