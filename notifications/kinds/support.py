"""What support does for the two, and what ends between them."""

from __future__ import annotations

from notifications.kinds.words import PACKS, PEOPLE, REASON, Kind, Words, maybe

KINDS = (
    Kind(
        "support_change",
        PEOPLE,
        "support changes something of mine",
        student=Words(
            "Support has changed something for you",
            (
                "{what_happened}",
                maybe("It concerns your sessions with {mentor_name}."),
                REASON,
                "Is it not right? Answer this mail.",
            ),
            "Look at it",
        ),
        mentor=Words(
            "Support has changed something for you",
            (
                "{what_happened}",
                maybe("It concerns the sessions of {student_name}."),
                REASON,
                "Is it not right? Answer this mail.",
            ),
            "Look at it",
        ),
    ),
    Kind(
        "mentorship_ended",
        PACKS,
        "somebody ends a mentorship with me",
        student=Words(
            "{mentor_name} has ended your mentorship",
            (REASON, maybe("{consequence}"), "Everything you learned and wrote is still in your room."),
            "See your room",
        ),
        mentor=Words(
            "{student_name} gives up the seat",
            (REASON, maybe("{consequence}")),
            "See your seats",
        ),
    ),
    Kind(
        "mentor_closed",
        PEOPLE,
        "a mentor of mine stops",
        student=Words(
            "{mentor_name} does not mentor here any more",
            (
                REASON,
                maybe("{consequence}"),
                maybe("{money_back}"),
            ),
            "See your room",
        ),
        mentor=Words(
            "Your mentoring here is closed",
            (
                REASON,
                "Coming sessions are cancelled, and what your students have not used goes back to them.",
                "What you have earned is yours: it is in your wallet.",
            ),
            "See your wallet",
        ),
    ),
    Kind(
        "waiting_list_closed",
        PACKS,
        "a waiting list I am on ends",
        student=Words(
            "The waiting list of {mentor_name} is closed",
            (
                REASON,
                "You need not do anything. Nothing was charged.",
            ),
            "Find another mentor",
        ),
    ),
)
