from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import URLValidator

from mentorship.people import languages, photos
from mentorship.people.forms.account import one_line
from mentorship.people.models import MentorProfile, Topic
from mentorship.people.models.mentor import MAX_TOPICS

MAX_LANGUAGES = 4


class LanguagesWidget(forms.MultiWidget):
    """A few selects one below the other: usable with a keyboard and without JavaScript, unlike one huge multiple select."""

    template_name = "people/languages_widget.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        options = [("", "–"), *languages.choices()]
        super().__init__([forms.Select(choices=options) for _ in range(MAX_LANGUAGES)], attrs)

    def decompress(self, value: list[str] | None) -> list[str]:
        return list(value or [])

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        for place, part in enumerate(context["widget"]["subwidgets"], start=1):
            part["attrs"]["aria-label"] = f"Language {place}"
            if place > 1:  # one language is enough: a browser would not send the form while another one is empty
                part["attrs"].pop("required", None)
        return context


class LanguagesField(forms.Field):
    widget = LanguagesWidget

    def to_python(self, value: list[str] | None) -> list[str]:
        return list(dict.fromkeys(code for code in value or [] if code))

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if not all(map(languages.is_language, value)):
            raise ValidationError("Choose languages from the list.", code="language")


class _ShopFront(forms.ModelForm):
    """What an applicant and a mentor both write."""

    promise = forms.CharField(
        max_length=120,
        label="Your promise, in one sentence",
        help_text="What changes for your students? For example: “Your first production deploy, without fear.”",
    )
    bio = forms.CharField(
        max_length=5000,
        label="About you",
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="What you have done, and how you work with people.",
    )
    topics = forms.ModelMultipleChoiceField(
        queryset=Topic.objects.all(), widget=forms.CheckboxSelectMultiple, label=f"Topics, at most {MAX_TOPICS}"
    )
    languages = LanguagesField(label="Languages you teach in")

    def clean_promise(self) -> str:
        return one_line(self.cleaned_data["promise"])

    def clean_topics(self) -> Any:
        topics = self.cleaned_data["topics"]
        if len(topics) > MAX_TOPICS:
            raise ValidationError(
                f"Choose at most {MAX_TOPICS} topics: the ones you would most like to be found for.", code="topics"
            )
        return topics


class ApplicationForm(_ShopFront):
    class Meta:
        model = MentorProfile
        fields = ("promise", "bio", "topics", "languages")


class MentorForm(_ShopFront):
    """The whole of a mentor's settings."""

    photo = forms.FileField(
        required=False,
        label="Photo",
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text="JPEG, PNG or WebP, at most 8 MB. It is cut to a square.",
    )
    remove_photo = forms.BooleanField(required=False, label="Remove the photo")
    meeting_url = forms.CharField(
        required=False,
        max_length=500,
        label="Your meeting room",
        validators=[URLValidator(schemes=["https"], message="Enter an address that begins with https://")],
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text="An address of a video room you own. Shown only to the two of you, and only while a session runs.",
    )

    class Meta:
        model = MentorProfile
        fields = (
            "promise",
            "bio",
            "topics",
            "languages",
            "slug",
            "meeting_url",
            "max_active_students",
            "accepts_new",
        )
        labels = {
            "slug": "Address of your page",
            "max_active_students": "Seats",
            "accepts_new": "I take new students",
        }
        help_texts = {
            "slug": "Small letters, digits and hyphens. The old address stops working when you change it.",
            "max_active_students": "How many students you keep at a time. With a lower number nobody loses a seat; fewer new ones come.",
            "accepts_new": "Off: only students who already have a seat can buy.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["max_active_students"].widget.attrs.update({"min": 1, "max": 500, "inputmode": "numeric"})

    def clean_max_active_students(self) -> int:
        seats = self.cleaned_data["max_active_students"]
        if seats < 1:
            raise ValidationError(
                "Have at least one seat. To take nobody new, switch off “I take new students”.", code="seats"
            )
        return seats

    def clean_slug(self) -> str:
        return self.cleaned_data["slug"].lower()

    def clean_photo(self) -> Any:
        upload = self.cleaned_data["photo"]
        return photos.cleaned(upload) if isinstance(upload, UploadedFile) else None
