"""A number that can be set stands on the pages as it is set."""

from __future__ import annotations

import re
from pathlib import Path

from django.template import Context, Template

TEMPLATES = Path(__file__).parents[2] / "templates"
NOT_SHOWN = re.compile(r"\{%\s*comment.*?endcomment\s*%\}", re.DOTALL)
BY_HAND = re.compile(r"\b(24|48|72) ?(h|hours)\b")


def test_hours_are_those_of_the_settings(settings):
    settings.MENTORSHIP = settings.MENTORSHIP.model_copy(update={"waiting_offer_hours": 1, "grace_hours": 96})
    page = Template('{% hours "waiting_offer_hours" %}, {% hours "grace_hours" %}')
    assert page.render(Context()) == "1 hour, 96 hours"


def test_no_page_writes_them_by_hand():
    texts = {path: NOT_SHOWN.sub("", path.read_text()) for path in TEMPLATES.rglob("*.html")}
    assert texts
    assert [str(path) for path, text in texts.items() if BY_HAND.search(text)] == []
