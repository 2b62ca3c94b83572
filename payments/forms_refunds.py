"""What the pages about refunds and invitations send. The numbers are judged again by the services."""

from __future__ import annotations

from django import forms

from payments.services import invite
from payments.services.wishes import MAX

_LINES = forms.Textarea(attrs={"rows": 3})


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=MAX, label="Why?", widget=_LINES)


class RefundForm(ReasonForm):
    """`expect` is the digest of the plan that stood on the page."""

    # What is typed stays while another number of sessions is looked at.
    reason = forms.CharField(
        max_length=MAX, label="Why?", widget=forms.Textarea(attrs={"rows": 3, "hx-preserve": "true"})
    )
    sessions = forms.IntegerField(min_value=1, max_value=10_000, widget=forms.HiddenInput)
    expect = forms.CharField(max_length=64, widget=forms.HiddenInput)


def _number(limits: tuple[int, int], initial: int, label: str) -> forms.IntegerField:
    least, most = limits
    return forms.IntegerField(min_value=least, max_value=most, initial=initial, label=label)


class InviteForm(forms.Form):
    name = forms.CharField(max_length=120, label="Their name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        max_length=254,
        label="Their email",
        help_text="We write to them how to sign in.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    sessions = _number(invite.SESSIONS, 4, "Sessions")
    minutes = _number(invite.MINUTES, 60, "Minutes each")
    validity_days = _number(invite.DAYS, 90, "Valid for (days)")
