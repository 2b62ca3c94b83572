"""The page for our own mistakes stands even when what it needs is what broke."""

from __future__ import annotations

from mentorship.kernel.errors import server_error


def test_the_page_for_our_mistakes(rf):
    answer = server_error(rf.get("/mentorship"))
    assert (answer.status_code, b"our mistake" in answer.content) == (500, True)


def test_it_stands_without_the_static_files(rf, settings):
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    settings.STATIC_ROOT = "/nowhere"
    answer = server_error(rf.get("/mentorship"))
    assert (answer.status_code, b"Nothing was lost" in answer.content) == (500, True)


def test_programs_get_a_problem(rf):
    answer = server_error(rf.get("/api/me"))
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
