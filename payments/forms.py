from __future__ import annotations

from django import forms


class SignUp(forms.Form):
    """Who is buying: an account comes with it."""

    name = forms.CharField(max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        max_length=254, label="Your email", widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class Code(forms.Form):
    code = forms.CharField(
        max_length=20,
        label="The code from the mail",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )


class Wish(forms.Form):
    """What the page sends with the pay button. The price is not among it: the offering decides."""

    agenda = forms.CharField(
        max_length=2000,
        required=False,
        label="What would you like to talk about?",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
