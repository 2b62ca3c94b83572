"""The two small forms of signing up inside another page: `people/signing_up.html` prints them, the page's POST comes here."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect

from mentorship.kernel.http import PageRequest
from mentorship.kernel.refusals import Refusal
from mentorship.people import signup


class SignUp(forms.Form):
    """Who somebody is: an account comes with it."""

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


class SigningUp:
    """First the address, then the code from its mailbox. The page gives it to its template as `signing_up`."""

    def __init__(self, request: PageRequest) -> None:
        self.request, self.who, self.code = request, SignUp(), Code()

    @property
    def waiting_for(self) -> str | None:
        """The address a code was mailed to; None while it is still to be asked for."""
        return None if self.request.user.is_authenticated else signup.waiting_for(self.request)

    def post(self, here: str, show: Callable[..., HttpResponse]) -> HttpResponse:
        """What the pressed button does. It leads back to `here`, or to `show(status=..., refusal=...)`."""
        posted = self.request.POST
        step = posted.get("step")
        if step == "restart":
            signup.forget(self.request)
            return redirect(here)
        try:
            if step == "code":
                return signup.finish_signup(self.request, posted.get("code", ""), here)
            self.who = SignUp(posted)
            if not self.who.is_valid():
                return show(status=422)
            signup.start_signup(self.request, **self.who.cleaned_data, zone=posted.get("zone", ""))
        except Refusal as refusal:
            return show(status=refusal.status, refusal=refusal)
        return redirect(here)
