"""What the money pages of the admin send."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from mentorship.kernel import money
from mentorship.kernel.admin import ReasonForm
from mentorship.people.models import User
from offerings.models import Offering
from payments.forms_refunds import RefundForm


class OrderRefundForm(RefundForm):
    reason = forms.CharField(
        max_length=300, label="Reason", widget=UnfoldAdminTextInputWidget, help_text="Both of them read it."
    )


class ReferenceForm(BaseDialogForm):
    reference = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Under which our bank shows the transfer.",
    )


class TakeForm(ReasonForm):
    sessions = forms.IntegerField(
        min_value=1,
        max_value=10_000,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Free ones first, then booked ones.",
    )


class RecordForm(forms.Form):
    """Money received elsewhere. After `is_valid` there are `student`, `offering_id` and `amount_minor`."""

    email = forms.EmailField(max_length=254, label="Student (email)", widget=UnfoldAdminEmailInputWidget)
    offering = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    amount = forms.DecimalField(
        min_value=Decimal(0),
        max_digits=17,
        decimal_places=4,
        required=False,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="Empty: the offering's price. 0 gives it for nothing.",
    )
    currency = forms.CharField(
        max_length=3, required=False, widget=UnfoldAdminTextInputWidget, help_text="Empty: the offering's."
    )
    note = forms.CharField(
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text="Where the money is found (our bank's reference, the day), or why it is free.",
    )

    student: User
    amount_minor: int | None = None

    def clean_email(self) -> str:
        found = person_of(self.cleaned_data["email"])
        if found is None:
            raise forms.ValidationError("There is no account with this address.")
        self.student = found
        return self.cleaned_data["email"]

    def clean_currency(self) -> str:
        return self.cleaned_data["currency"].upper()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "email" not in data or "offering" not in data:
            return data
        offering = Offering.objects.visible_to(self.student).filter(pk=data["offering"]).first()
        if offering is None:
            self.add_error("offering", "This student cannot buy this offering.")
        elif data.get("amount") is not None:
            try:
                self.amount_minor = money.to_minor(data["amount"], data.get("currency") or offering.currency)
            except ValueError as wrong:
                self.add_error("amount", str(wrong))
        return data


def person_of(email: str) -> User | None:
    owner = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    return owner.user if owner else User.objects.filter(email__iexact=email).first()
