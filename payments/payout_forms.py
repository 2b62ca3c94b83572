from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from babel import Locale
from django import forms

from payments.payout_details import Details, compact, is_iban, looks_like_iban


def countries() -> list[tuple[str, str]]:
    """Every country by its name, with an empty choice first."""
    names = {str(code): str(name) for code, name in Locale("en").territories.items()}
    found = [
        (code, name) for code, name in names.items() if re.fullmatch("[A-Z]{2}", code) and code not in NOT_COUNTRIES
    ]
    return [("", "Choose a country"), *sorted(found, key=lambda choice: choice[1])]


NOT_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}


class PayoutDetailsForm(forms.Form):
    """Where payouts go. An empty account keeps the one that is known (it is never written into the page)."""

    holder = forms.CharField(
        max_length=120, label="Name on the account", widget=forms.TextInput({"autocomplete": "off"})
    )
    country = forms.ChoiceField(label="Country of the bank", choices=countries)
    account = forms.CharField(
        max_length=60,
        label="IBAN or account number",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    bank = forms.CharField(
        max_length=120, required=False, label="Name of the bank", help_text="Needed where there is no IBAN."
    )
    bic = forms.CharField(
        max_length=20,
        required=False,
        label="BIC, SWIFT or bank code",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    note = forms.CharField(
        max_length=300, required=False, label="Anything we should know", widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args: Any, known: Details | None = None, **kwargs: Any) -> None:
        self.known = known
        if known:
            shown = ("holder", "country", "bank", "bic", "note")
            kwargs.setdefault("initial", {name: getattr(known, name) for name in shown})
        super().__init__(*args, **kwargs)
        if known:
            self.fields["account"].required = False
            self.fields["account"].help_text = f"Leave it empty to keep {known.masked}."

    def clean_account(self) -> str:
        account = compact(self.cleaned_data["account"])
        if not account and self.known:
            return self.known.account
        if not re.fullmatch(r"[A-Z0-9./]{4,34}", account):
            raise forms.ValidationError("An account number has 4 to 34 letters and digits.")
        if looks_like_iban(account) and not is_iban(account):
            raise forms.ValidationError("This IBAN has a slip in it: its check digits do not fit.")
        return account

    def clean_bic(self) -> str:
        code = compact(self.cleaned_data["bic"])
        if code and not re.fullmatch(r"[A-Z0-9]{3,20}", code):
            raise forms.ValidationError("A bank code has letters and digits only.")
        return code

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        if data.get("account") and not is_iban(data["account"]) and not (data.get("bank") or data.get("bic")):
            self.add_error("bank", "Without an IBAN we need the bank’s name or its code.")
        return data

    def details(self) -> Details:
        """What was entered, once it is valid."""
        data = self.cleaned_data
        return replace(
            Details("", ""), **{name: data[name] for name in ("holder", "account", "bank", "bic", "country", "note")}
        )
