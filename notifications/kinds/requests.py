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
                maybe("Wished for: {times}."),
                maybe("“{message}”"),
                "Please answer by {expires_at}: say yes to one time, suggest others, or say no. "
                "After that the request ends by itself.",
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
                "It is kept for you until {expires_at}; after that it is free for others again.",
                maybe("Pay {amount_display} before then to make it yours."),
            ),
            "Make it yours",
        ),
        turns={
            "accepted": {
                "student": Words(
                    "Your time with {mentor_name} is kept for you",
                    (
                        "“{title}”, {starts_at}.",
                        "It is kept until {expires_at}; after that it is free for others again.",
                        maybe("Pay {amount_display} before then to make it yours."),
                    ),
                    "Make it yours",
                )
            },
            "seated": {
                "student": Words(
                    "{mentor_name} said yes to “{title}”",
                    (
                        maybe("Your time: {starts_at}."),
                        maybe("“{notes}”"),
                        "You have until {expires_at}; then the request ends, and your seat stays yours.",
                        maybe("Pay {amount_display} before then to make it yours."),
                    ),
                    "Make it yours",
                )
            },
        },
    ),
    Kind(
        "request_suggested",
        REQUESTS,
        "a mentor suggests another time",
        student=Words(
            "{mentor_name} suggests another time for “{title}”",
            (
                "Suggested: {times}.",
                maybe("“{notes}”"),
                "Choose by {expires_at}; after that the request ends by itself. You pay only when you have chosen.",
            ),
            "Choose a time",
        ),
    ),
    Kind(
        "suggestion_accepted",
        REQUESTS,
        "a student takes a time that I suggested",
        mentor=Words(
            "{student_name} took a time you suggested",
            (
                "“{title}”, {starts_at}.",
                "It is kept for {student_name} until {expires_at}. We tell you when it is paid.",
            ),
            "See the request",
        ),
    ),
    Kind(
        "request_rejected",
        REQUESTS,
        "a mentor says no to my request",
        student=Words(
            "{mentor_name} cannot take “{title}”",
            (REASON, "Nothing was charged. You may ask for another time or look for another mentor."),
            "See the request",
        ),
        turns={
            "ended": {
                "student": Words(
                    "Your request for “{title}” has ended",
                    ("{mentor_name} cannot answer it any more.", REASON, "Nothing was charged for it."),
                    "See the request",
                ),
            },
        },
    ),
    Kind(
        "request_withdrawn",
        REQUESTS,
        "a student takes a request back",
        mentor=Words(
            "{student_name} no longer asks for “{title}”",
            (maybe("It was wished for {times}."), "The request was taken back. There is nothing left to answer."),
            "See the request",
        ),
    ),
    Kind(
        "request_expired",
        REQUESTS,
        "a request ends without an answer",
        student=Words(
            "Your request for “{title}” has ended",
            ("{mentor_name} did not answer by {expires_at}.", "Nothing was charged. You may ask again."),
            "See the request",
        ),
        mentor=Words(
            "The request of {student_name} has ended",
            (
                "“{title}” was not answered by {expires_at}.",
                "When several in a row go without an answer, your offerings pause.",
            ),
            "See the request",
        ),
        turns={
            "unpaid": {
                "student": Words(
                    "What {mentor_name} kept for you is free again",
                    ("“{title}” was not paid by {expires_at}.", "Nothing was charged. You may ask again."),
                    "See the request",
                ),
                "mentor": Words(
                    "{student_name} has not paid for “{title}”",
                    ("You had said yes, and it was not paid by {expires_at}. What was kept is free again.",),
                    "See the request",
                ),
            },
            "not_chosen": {
                "student": Words(
                    "Your request for “{title}” has ended",
                    (
                        "{mentor_name} had suggested other times; none was chosen by {expires_at}.",
                        "Nothing was charged. You may ask again.",
                    ),
                    "See the request",
                ),
                "mentor": Words(
                    "The request of {student_name} has ended",
                    ("None of the times you suggested for “{title}” was chosen by {expires_at}.",),
                    "See the request",
                ),
            },
        },
    ),
    Kind(
        "custom_offer",
        REQUESTS,
        "a mentor makes an offer for me alone",
        student=Words(
            "{mentor_name} has an offer for you: “{title}”",
            (
                "{terms}, {amount_display}.",
                maybe("“{message}”"),
                "Only you can see it and buy it. You find it in your room, too.",
            ),
            "See the offer",
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
                "Your students keep their seats and sessions. Take bookings again whenever you are back.",
            ),
            "Take bookings again",
        ),
    ),
)
