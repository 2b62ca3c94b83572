"""Forged and broken values in the admin's forms, lists, actions and choices: refused, or an error on the form, never a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.core.management import call_command
from django.forms import Field, ModelChoiceField, SplitDateTimeField
from django.http import HttpResponse
from django.test import Client

from mentorship.kernel.admin_frame import AdminFrameMiddleware
from offerings.models import Offering

FOREIGN = "018f3c4e-7b1a-7c3d-9e2f-0123456789ab"  # what stands for an order where a number should be
NUMBERS = ("abc", "9" * 30, FOREIGN)
ODD = (ModelChoiceField, SplitDateTimeField)  # of many choices too
MODELS = sorted(admin.site._registry.items(), key=lambda one: one[0]._meta.label)


@pytest.fixture(params=MODELS, ids=lambda one: one[0]._meta.label)
def pages(request: pytest.FixtureRequest) -> ModelAdmin:
    """The admin's pages of one model."""
    return request.param[1]


def base(pages: ModelAdmin) -> str:
    return f"/admin/{pages.opts.app_label}/{pages.opts.model_name}/"


def asked(pages: ModelAdmin, client: Client) -> Iterator[str]:
    """What the list understands in its address."""
    page = client.get(base(pages))
    yield from ("q", "o", "p", "e", "id__exact")
    for spec in page.context["cl"].filter_specs:
        yield from map(str, spec.expected_parameters())


def test_a_list_refuses_what_no_row_can_hold(boss, client, pages):
    *_, name = asked(pages, client)
    assert client.get(base(pages), {"q": "a\x00b"}).status_code == 400
    assert client.get(base(pages), {name: "\x00"}).status_code == 400
    assert client.get(base(pages), {"\x00": "x"}).status_code == 400


def test_a_list_answers_any_other_value(boss, client, pages):
    for name in asked(pages, client):
        assert client.get(base(pages), {name: "abc"}).status_code in (200, 302, 400), name
    assert client.get(base(pages), dict.fromkeys(asked(pages, client), "9" * 30)).status_code in (200, 302, 400)


def test_an_action_is_for_rows_that_can_be(boss, client, pages):
    for value in (*NUMBERS, "1" * 5000, "\x00"):
        for action in ("delete_selected", "replay_selected"):
            said = {"action": action, "_selected_action": [value], "index": "0"}
            assert client.post(base(pages), said).status_code in (200, 302, 400, 403), (action, value[:30])


def test_a_form_says_what_is_wrong_with_a_forged_choice(boss, client, pages):
    """Each field that chooses or is a time alone, then all at once: as a program sends it, and as a link starts the form."""
    page = client.get(f"{base(pages)}add/")
    if page.status_code == 403:  # nobody adds these
        return
    rest, fields = _sent(page.context)
    odd = [[name] for name, field in fields.items() if isinstance(field, ODD)]
    for value in (*NUMBERS, "\x00"):
        for names in (*odd, list(fields)):
            said = dict.fromkeys(names, value)
            assert client.post(f"{base(pages)}add/", rest | said).status_code in (200, 302, 400), (names, value)
            assert client.get(f"{base(pages)}add/", said).status_code in (200, 302, 400), (names, value)


def _sent(context: Any) -> tuple[dict[str, str], dict[str, Field]]:
    """What an inline's form must say of itself, and the fields there are."""
    rest, fields = {}, dict(context["adminform"].form.fields)
    for inline in context["inline_admin_formsets"]:
        counts = inline.formset.management_form
        rest |= {counts.add_prefix(name): "0" if name == "INITIAL_FORMS" else "1" for name in counts.fields}
        empty = inline.formset.empty_form
        fields |= {empty.add_prefix(name).replace("__prefix__", "0"): field for name, field in empty.fields.items()}
    return rest, fields


def test_choices_are_looked_up_for_fields_that_choose(boss, client, pages):
    model = pages.opts
    for field in [one.name for one in model.get_fields()] + ["nothing"]:
        said = {"app_label": model.app_label, "model_name": model.model_name, "field_name": field, "term": "abc"}
        assert client.get("/admin/autocomplete/", said).status_code in (200, 400, 403, 404), field


def test_a_row_is_changed_with_a_forged_choice(boss, client):
    call_command("seed_demo", verbosity=0)
    hers = client.get("/admin/").wsgi_request
    for model, pages in MODELS:
        row = model._default_manager.first()
        if row is None or not pages.has_change_permission(hers):
            continue
        page = client.get(f"{base(pages)}{row.pk}/change/")
        rest, fields = _sent(page.context)
        for name in (name for name, field in fields.items() if isinstance(field, ODD)):
            answer = client.post(f"{base(pages)}{row.pk}/change/", {**rest, name: "abc"})
            assert answer.status_code in (200, 302, 400), (model, name)


@pytest.mark.parametrize("address", ["autocomplete/?term=%00", "search/?s=%00", "?x=%00", "jsi18n/?a=%00"])
def test_elsewhere_too(boss, client, address):
    assert client.get(f"/admin/{address}").status_code == 400


def test_a_forged_choice_that_is_drawn_again_is_told_apart_from_a_mistake_of_ours(boss, client, rf):
    assert client.post(f"{base(admin.site._registry[Offering])}add/", {"mentor": "abc"}).status_code == 400
    frame = AdminFrameMiddleware(lambda request: HttpResponse())
    try:
        raise ValueError("ours")
    except ValueError as mistake:
        assert frame.process_exception(rf.get("/admin/offerings/offering/add/"), mistake) is None
