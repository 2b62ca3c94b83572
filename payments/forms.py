from __future__ import annotations

from django import forms


class Wish(forms.Form):
    """What the page sends with the pay button. The price is not among it: the offering decides."""

    agenda = forms.CharField(
        max_length=2000,
        required=False,
        label="What would you like to talk about?",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
