"""Every kind of notification: who gets it, in which words, and what it asks them to do. The one place to read or mend them.

A text is a row of sentences. `{name}` is a value the caller passes (an instant is written in the recipient's zone, the
zone named; `{starts_at:day}` and the other styles of `kernel.local_time.words` work; `{sessions:session}` is "1 session"
or "4 sessions"). A sentence in `maybe()` is left out when one of its values is missing; any other missing value raises.
`{other}` is the other person of the two. Words may differ between the student's and the mentor's copy.
"""

from __future__ import annotations

from dataclasses import dataclass


class maybe(str):
    """A sentence that is left out when one of its values is missing or empty."""


@dataclass(frozen=True)
class Words:
    title: str
    text: tuple[str, ...]
    action: str = ""


@dataclass(frozen=True)
class Kind:
    name: str
    group: str
    label: str  # on the settings page: "Tell me when ..."
    student: Words | None = None
    mentor: Words | None = None

    def words_for(self, role: str) -> Words:
        """The words of this role. Raises LookupError when this kind is not for them."""
        words = self.student if role == "student" else self.mentor
        if words is None:
            raise LookupError(f"{self.name} is not written for a {role}")
        return words

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(role for role, words in (("student", self.student), ("mentor", self.mentor)) if words)


SESSIONS, PACKS, REQUESTS, MONEY, PEOPLE = "Sessions", "Packs and seats", "Requests", "Money", "People"
REASON = maybe("The reason given: “{reason}”")

_ALL = (
    # --- sessions -----------------------------------------------------------------------------------------------------
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
        "session_moved",
        SESSIONS,
        "a session is moved",
        student=Words(
            "Your session with {mentor_name} has a new time",
            (
                "New: {starts_at}.",
                maybe("Before: {old_starts_at}."),
                maybe("{by_name} moved it."),
                "It costs nothing extra; your sessions left stay as they are.",
            ),
            "See the session",
        ),
        mentor=Words(
            "Your session with {student_name} has a new time",
            ("New: {starts_at}.", maybe("Before: {old_starts_at}."), maybe("{by_name} moved it.")),
            "See the session",
        ),
    ),
    Kind(
        "session_cancelled",
        SESSIONS,
        "a session is cancelled",
        student=Words(
            "Your session with {mentor_name} is cancelled",
            ("It was to start on {starts_at}.", maybe("{by_name} cancelled it."), REASON, maybe("{consequence}")),
            "See your sessions",
        ),
        mentor=Words(
            "Your session with {student_name} is cancelled",
            ("It was to start on {starts_at}.", maybe("{by_name} cancelled it."), REASON, maybe("{consequence}")),
            "See your calendar",
        ),
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
            (maybe("The session of {starts_at}."), "{outcome}", REASON, maybe("{consequence}")),
            "See the session",
        ),
        mentor=Words(
            "Decided: your session with {student_name}",
            (maybe("The session of {starts_at}."), "{outcome}", REASON, maybe("{consequence}")),
            "See the session",
        ),
    ),
    # --- packs and seats ----------------------------------------------------------------------------------------------
    Kind(
        "offering_booked",
        PACKS,
        "somebody buys from me",
        mentor=Words(
            "{student_name} bought “{title}”",
            (
                maybe("{sessions:session} with you."),
                maybe("The first one: {starts_at}."),
                maybe("Paid: {amount_display}."),
                maybe("Order {order_number}."),
            ),
            "See it in your room",
        ),
    ),
    Kind(
        "pack_purchased",
        PACKS,
        "a pack is ready to use",
        student=Words(
            "{sessions:session} with {mentor_name} are yours",
            (
                maybe("“{title}”."),
                maybe("You now have {remaining:session} left to book."),
                "Use them until {expires_at}; a session has to start before then.",
                maybe("Your first session: {starts_at}."),
                maybe("{note}"),
            ),
            "Book your sessions",
        ),
    ),
    Kind(
        "renewal_reminder",
        PACKS,
        "one session is left in my pack",
        student=Words(
            "One session left with {mentor_name}",
            (
                "After it, your seat is kept for {grace_hours} hours and then goes to the next person.",
                "Renew now and your sessions simply go on; the ones you have keep their place.",
                maybe("What is left can be used until {expires_at}."),
            ),
            "Renew",
        ),
    ),
    Kind(
        "grace_started",
        PACKS,
        "a pack is used up and the seat is kept for a while",
        student=Words(
            "Your seat with {mentor_name} is kept until {grace_ends_at:default}",
            (
                "{grace_reason} Until {grace_ends_at} your seat is still yours.",
                "Renew before then and you keep it; after that it goes to the next person. Nothing is charged by itself.",
            ),
            "Renew and keep the seat",
        ),
        mentor=Words(
            "{student_name} has used all sessions",
            (
                "Their seat is kept until {grace_ends_at}.",
                "If they renew before then, it goes on; otherwise the seat is free again.",
            ),
            "See your seats",
        ),
    ),
    Kind(
        "grace_final_warning",
        PACKS,
        "the time to keep my seat is nearly over",
        student=Words(
            "Last call: your seat with {mentor_name} is free from {grace_ends_at:default}",
            (
                "Your seat is kept until {grace_ends_at}. After that it goes to the next person, and you would have to wait for a free one.",
                "Renewing before then keeps it.",
            ),
            "Renew and keep the seat",
        ),
    ),
    Kind(
        "seat_released",
        PACKS,
        "a seat is given up",
        student=Words(
            "Your seat with {mentor_name} has been given up",
            (
                REASON,
                "Nothing was charged, and everything you learned, wrote and booked is still in your room.",
                "You can buy again whenever {mentor_name} has a free seat.",
            ),
            "See the mentor's page",
        ),
        mentor=Words(
            "{student_name}'s seat is free again",
            (REASON, maybe("You now have {available:free seat}.")),
            "See your seats",
        ),
    ),
    Kind(
        "pack_expiring",
        PACKS,
        "a pack is about to expire with sessions left",
        student=Words(
            "Use {credits:session} with {mentor_name} before {expires_at:date}",
            (
                "You have {credits:session} left to book. Each has to start before {expires_at}; what is not booked by then is lost.",
                "A session you have already booked keeps its time.",
            ),
            "Book now",
        ),
    ),
    Kind(
        "waiting_list_offer",
        PACKS,
        "a seat I wait for is offered to me",
        student=Words(
            "A seat with {mentor_name} is yours until {expires_at:default}",
            (
                "You were next in line. The seat is kept for you until {expires_at}.",
                "Buy a pack before then to take it; otherwise it goes to the next person.",
            ),
            "Take the seat",
        ),
    ),
    # --- requests -----------------------------------------------------------------------------------------------------
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
    # --- money --------------------------------------------------------------------------------------------------------
    Kind(
        "payment_confirmed",
        MONEY,
        "my payment has arrived",
        student=Words(
            "Your payment of {amount_display} has arrived",
            (maybe("For “{title}” with {mentor_name}."), maybe("Order {order_number}.")),
            "See what you bought",
        ),
    ),
    Kind(
        "payment_failed",
        MONEY,
        "my payment did not work",
        student=Words(
            "Your payment of {amount_display} did not work",
            (
                maybe("For “{title}”."),
                REASON,
                maybe("Order {order_number}."),
                "Nothing was charged and nothing was booked. You may try again.",
            ),
            "Try again",
        ),
    ),
    Kind(
        "refund",
        MONEY,
        "money goes back",
        student=Words(
            "A refund of {amount_display} is on its way to you",
            (
                maybe("For “{title}”."),
                REASON,
                maybe("Order {order_number}."),
                maybe("{consequence}"),
                "Your bank may need a few days to show it.",
            ),
            "See the order",
        ),
        mentor=Words(
            "{student_name} gets {amount_display} back",
            (maybe("For “{title}”."), REASON, maybe("Order {order_number}."), maybe("{consequence}")),
            "See your seats",
        ),
    ),
    Kind(
        "dispute",
        MONEY,
        "a payment is disputed at the bank",
        student=Words(
            "Your payment of {amount_display} is disputed",
            (
                maybe("Order {order_number}."),
                "Until it is decided, this pack can book nothing new and its time stands still.",
            ),
            "See the pack",
        ),
        mentor=Words(
            "A payment of {student_name} is disputed",
            (
                maybe("Order {order_number}, {amount_display}."),
                "Until it is decided, your share waits and this pack can book nothing new.",
            ),
            "See your wallet",
        ),
    ),
    Kind(
        "payout",
        MONEY,
        "money is paid out to me",
        mentor=Words(
            "A payout of {amount_display} is on its way to you",
            (maybe("{note}"), "Your bank may need a few days to show it."),
            "See your wallet",
        ),
    ),
    # --- people -------------------------------------------------------------------------------------------------------
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

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
GROUPS = (SESSIONS, PACKS, REQUESTS, MONEY, PEOPLE)
