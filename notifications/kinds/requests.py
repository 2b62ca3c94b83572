"""Requests: asked, answered, ended."""

from __future__ import annotations

from notifications.kinds.words import REASON, REQUESTS, Kind, Words, maybe

KINDS = (
    Kind(
        "request_submitted",
        REQUESTS,
        "somebody asks me for a session or a pack",
        mentor=Words(
            "{student_name} asks for “{title}”",
            (
                maybe("Wished for: {starts_at}."),
                maybe("“{message}”"),
                "Please answer by {expires_at}; after that the request ends by itself.",
            ),
            "Answer the request",
        ),
    ),
    Kind(
        "request_approved",
        REQUESTS,
        "a mentor says yes to my request",
        student=Words(
            "{mentor_name} said yes to “{title}”",
            (
                maybe("Your time: {starts_at}."),
                maybe("“{notes}”"),
                "It is kept for you until {expires_at}; pay before then to make it yours.",
            ),
            "Pay and confirm",
        ),
    ),
    Kind(
        "request_suggested",
        REQUESTS,
        "a mentor suggests another time",
        student=Words(
            "{mentor_name} suggests another time for “{title}”",
            ("For instance: {starts_at}.", maybe("“{notes}”"), "Choose one of the times until {expires_at}."),
            "See the times",
        ),
    ),
    Kind(
        "sales_paused",
        REQUESTS,
        "my offerings pause because requests went without an answer",
        mentor=Words(
            "Your offerings are paused",
            (
                "{count} requests in a row ended without an answer, so nothing of yours is sold for now.",
                "Your students keep their seats and sessions. Resume whenever you are back.",
            ),
            "Resume",
        ),
    ),
    Kind(
        "request_rejected",
        REQUESTS,
        "a mentor says no to my request",
        student=Words(
            "{mentor_name} cannot take “{title}”",
            (REASON, "Nothing was charged. You may ask for another time or look for another mentor."),
            "See other times",
        ),
    ),
    Kind(
        "request_expired",
        REQUESTS,
        "a request ends without an answer",
        student=Words(
            "Your request for “{title}” has ended",
            (
                "{mentor_name} did not answer in time, or it was not paid in time.",
                "Nothing was charged. You may ask again.",
            ),
            "See other times",
        ),
        mentor=Words(
            "The request of {student_name} has ended",
            ("“{title}” was not answered or not paid in time.",),
            "See your requests",
        ),
    ),
)
