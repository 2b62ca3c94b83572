from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from mentorship.kernel import clock
from mentorship.kernel.admin import ModelAdmin, ReadOnlyAdmin, verb
from mentorship.pages.models import MentorListing
from mentorship.pages.verification import verify_mentor, withdraw_verification
from mentorship.people.http import SignedInRequest
from mentorship.people.models import MentorProfile


@admin.register(MentorProfile)
class MentorProfileAdmin(ModelAdmin):
    list_display = (
        "user",
        "slug",
        "applied_at",
        "verified_at",
        "accepts_new",
        "max_active_students",
        "commission_percent",
    )
    list_filter = (("verified_at", admin.EmptyFieldListFilter), "accepts_new")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "slug")
    autocomplete_fields = ("user", "topics")
    readonly_fields = ("applied_at", "verified_at")
    actions_detail = ("verify", "withdraw")
    show_full_result_count = False

    def has_verb_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("people.change_mentorprofile")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @verb("Verify", "Students can find and book this mentor from now on; the mentor is told.")
    def verify(self, request: SignedInRequest, form: object, object_id: str) -> str:
        profile = MentorProfile.objects.get(pk=object_id)
        verify_mentor(mentor_id=profile.user_id, by=request.user, now=clock.now())
        return f"{profile} is verified."

    @verb(
        "Withdraw verification", "Sales stop and the mentor is hidden from buyers. Existing students keep their rooms."
    )
    def withdraw(self, request: SignedInRequest, form: object, object_id: str) -> str:
        profile = MentorProfile.objects.get(pk=object_id)
        withdraw_verification(mentor_id=profile.user_id, by=request.user, now=clock.now())
        return f"{profile} is hidden from buyers."


@admin.register(MentorListing)
class MentorListingAdmin(ReadOnlyAdmin):
    list_display = ("mentor", "next_free_at", "refreshed_at")
    list_select_related = ("mentor",)
