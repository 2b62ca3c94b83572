"""People: verified, invited, written to."""

from __future__ import annotations

from notifications.kinds.words import PEOPLE, Kind, Words

KINDS = (
    Kind(
        "mentor_verified",
        PEOPLE,
        "my mentor profile is verified",
        mentor=Words(
            "You are verified: students can find you now",
            (
                "Your page is public.",
                "To be booked you need two things: the hours you are free, and something to sell.",
            ),
            "Set up your hours",
        ),
    ),
    Kind(
        "new_message",
        PEOPLE,
        "somebody writes to me",
        student=Words("{other} wrote to you", ("“{message}”",), "Answer"),
        mentor=Words("{other} wrote to you", ("“{message}”",), "Answer"),
    ),
)
