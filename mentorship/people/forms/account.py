from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest

from mentorship.people.models import User
from mentorship.people.zones import choices, is_zone


def one_line(text: str) -> str:
    return " ".join(text.split())


class SignupForm(forms.Form):
    """What sign-up asks besides email and password. allauth's own form inherits from this one."""

    field_order = ("name", "email", "password1")

    name = forms.CharField(
        max_length=120,
        label="Your name",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="As your mentors will see it.",
    )
    zone = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput())

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth once the account exists."""
        user.name = self.cleaned_data["name"]
        zone = self.cleaned_data.get("zone") or request.COOKIES.get("zone", "")
        if is_zone(zone):
            user.zone_name = zone
        user.save(update_fields=["name", "zone_name"])


class ProfileForm(forms.ModelForm):
    """Name and zone: what everybody has."""

    zone_name = forms.ChoiceField(
        choices=choices, label="Time zone", help_text="All times are shown in it, in pages and in mails."
    )

    class Meta:
        model = User
        fields = ("name", "zone_name")
        labels = {"name": "Your name"}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])
