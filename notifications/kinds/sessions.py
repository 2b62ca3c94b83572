"""Sessions: booked, moved, cancelled, coming, over."""

from __future__ import annotations

from notifications.kinds.words import REASON, SESSIONS, Kind, Words, maybe

MOVED = ("New: {starts_at}.", maybe("Before: {old_starts_at}."))
KEPT = "It costs nothing extra; your sessions left stay as they are."
WAS = "It was to start on {starts_at}."
CANCELLED = (WAS, maybe("{by_name} cancelled it."), REASON, maybe("{consequence}"))
CANCELLED_OWN = (WAS, REASON, maybe("{consequence}"))
DECIDED = (
    maybe("The session of {starts_at}."),
    "{outcome}",
    REASON,
    maybe("{consequence}"),
    maybe("The make-up session is valid until {made_up_until}; it has to start before then."),
)

KINDS = (
    Kind(
        "session_scheduled",
        SESSIONS,
        "a session is booked",
        student=Words(
            "Your session with {mentor_name} is booked",
            ("{starts_at}.", maybe("It takes {duration_minutes} minutes."), "{student_may_change}"),
            "See the session",
        ),
        mentor=Words(
            "{student_name} booked a session with you",
            (
                "{starts_at}.",
                maybe("It takes {duration_minutes} minutes."),
                maybe("They would like to talk about: “{agenda}”"),
                "You may cancel until it starts; the session then goes back to {student_name}.",
            ),
            "See the session",
        ),
    ),
    Kind(
        "series_scheduled",
        SESSIONS,
        "several sessions are booked at once",
        student=Words(
            "{sessions:session} with {mentor_name} are booked",
            (
                "{instants}",
                maybe("They take {duration_minutes} minutes each."),
                "Each can be moved by itself, or cancelled so that the session comes back, until {notice_hours:hour} before it starts.",
            ),
            "See your sessions",
        ),
        mentor=Words(
            "{student_name} booked {sessions:session} with you",
            ("{instants}", maybe("They take {duration_minutes} minutes each.")),
            "See your sessions",
        ),
    ),
    Kind(
        "session_moved",
        SESSIONS,
        "a session is moved",
        student=Words(
            "Your session with {mentor_name} has a new time",
            (*MOVED, maybe("{by_name} moved it."), KEPT),
            "See the session",
        ),
        mentor=Words(
            "Your session with {student_name} has a new time", (*MOVED, maybe("{by_name} moved it.")), "See the session"
        ),
        turns={
            "own": {
                "student": Words("You moved your session with {mentor_name}", (*MOVED, KEPT), "See the session"),
                "mentor": Words("You moved your session with {student_name}", MOVED, "See the session"),
            },
            "accepted": {
                "student": Words(
                    "Your session with {mentor_name} has a new time",
                    (*MOVED, "{mentor_name} proposed it, and you accepted.", KEPT),
                    "See the session",
                ),
                "mentor": Words(
                    "{student_name} accepted the new time of your session",
                    (*MOVED, "You proposed it."),
                    "See the session",
                ),
            },
        },
    ),
    Kind(
        "session_cancelled",
        SESSIONS,
        "a session is cancelled",
        student=Words("Your session with {mentor_name} is cancelled", CANCELLED, "See your sessions"),
        mentor=Words("Your session with {student_name} is cancelled", CANCELLED, "See your calendar"),
        turns={
            "own": {
                "student": Words("You cancelled your session with {mentor_name}", CANCELLED_OWN, "See your sessions"),
                "mentor": Words("You cancelled your session with {student_name}", CANCELLED_OWN, "See your calendar"),
            },
        },
    ),
    Kind(
        "session_starting",
        SESSIONS,
        "a session is about to start (a day and an hour before)",
        student=Words(
            "Your session with {mentor_name} starts {starts_at:day} at {starts_at:time}",
            (
                "It starts on {starts_at}.",
                maybe("It takes {duration_minutes} minutes."),
                "The room opens on the session's page when it is time.",
            ),
            "Open the session",
        ),
        mentor=Words(
            "Your session with {student_name} starts {starts_at:day} at {starts_at:time}",
            (
                "It starts on {starts_at}.",
                maybe("It takes {duration_minutes} minutes."),
                maybe("{student_name} would like to talk about: “{agenda}”"),
                "The room opens on the session's page when it is time.",
            ),
            "Open the session",
        ),
    ),
    Kind(
        "session_completed",
        SESSIONS,
        "a session is over and settled",
        student=Words(
            "Your session with {mentor_name} is settled",
            (
                maybe("It started on {starts_at}."),
                maybe("{outcome}"),
                maybe("{consequence}"),
                maybe("You have {remaining:session} left."),
                "If something was wrong, tell us on the session's page.",
            ),
            "See the session",
        ),
        mentor=Words(
            "Your session with {student_name} is settled",
            (
                maybe("It started on {starts_at}."),
                maybe("{outcome}"),
                maybe("{consequence}"),
                "If something was wrong, tell us on the session's page.",
            ),
            "See the session",
        ),
    ),
    Kind(
        "move_proposed",
        SESSIONS,
        "a mentor proposes another time for a session",
        student=Words(
            "{mentor_name} asks to move your session to {new_starts_at:default}",
            ("It is booked for {starts_at}.", maybe("“{reason}”"), "If you do nothing, it stays as it is."),
            "Accept or keep",
        ),
    ),
    Kind(
        "move_declined",
        SESSIONS,
        "a student keeps the old time",
        mentor=Words(
            "{student_name} keeps the time of your session",
            ("It stays booked for {starts_at}.",),
            "See the session",
        ),
    ),
    Kind(
        "claim_opened",
        SESSIONS,
        "somebody says a session went wrong",
        student=Words(
            "{mentor_name} says something was wrong with your session",
            (
                maybe("The session of {starts_at}."),
                REASON,
                "Please agree or answer by {answer_by}; without an answer an admin decides.",
            ),
            "Answer",
        ),
        mentor=Words(
            "{student_name} says something was wrong with your session",
            (
                maybe("The session of {starts_at}."),
                REASON,
                "Please agree or answer by {answer_by}; without an answer an admin decides. Your share waits until then.",
            ),
            "Answer",
        ),
    ),
    Kind(
        "claim_decided",
        SESSIONS,
        "it is decided what becomes of such a session",
        student=Words(
            "Decided: your session with {mentor_name}",
            DECIDED,
            "See the session",
        ),
        mentor=Words(
            "Decided: your session with {student_name}",
            DECIDED,
            "See the session",
        ),
    ),
)
