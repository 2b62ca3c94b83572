"""Packs and seats: bought, running out, in grace, offered."""

from __future__ import annotations

from notifications.kinds.words import PACKS, REASON, Kind, Words, maybe

KINDS = (
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
        "student_invited",
        PACKS,
        "a mentor gives me sessions that I pay them directly",
        student=Words(
            "{mentor_name} has given you {sessions:session}",
            (
                maybe("They take {duration_minutes} minutes each, and a seat with {mentor_name} comes with them."),
                "You pay {mentor_name} directly; nothing is charged here.",
                "Use them until {expires_at}; a session has to start before then.",
                "To sign in, enter {email}: we mail you a code. You need no password.",
                "If you do not know {mentor_name}, you need not do anything.",
            ),
            "Choose your times",
        ),
        mentor=Words(
            "{student_name} has {sessions:session} with you",
            (
                maybe("They take {duration_minutes} minutes each, and can be used until {expires_at}."),
                "We have written to {email} how to sign in. What they pay you is between the two of you.",
            ),
            "See your seats",
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
        turns={
            "ask_first": {
                "student": Words(
                    "One session left with {mentor_name}",
                    (
                        "{mentor_name} wants to be asked before you renew, so ask in good time if you want to go on.",
                        "After the last session your seat is kept for {grace_hours} hours and then goes to the next person.",
                        maybe("What is left can be used until {expires_at}."),
                    ),
                    "Ask for the next pack",
                ),
            },
        },
    ),
    Kind(
        "renewal_mode",
        PACKS,
        "a mentor decides whether I can renew without asking",
        student=Words(
            "{mentor_name} wants to be asked before you renew",
            (
                "The sessions you have stay yours, as they are booked and until they expire.",
                "Another pack with {mentor_name} is no longer bought at once: you ask, and {mentor_name} answers.",
            ),
            "See your pack",
        ),
        turns={
            "on": {
                "student": Words(
                    "You can renew with {mentor_name} without asking again",
                    ("Another pack with {mentor_name} is bought at once, as before.",),
                    "See your pack",
                ),
            },
        },
    ),
    Kind(
        "pause_asked",
        PACKS,
        "the other side asks for a pause of a pack",
        student=Words(
            "{mentor_name} asks for a pause of {days:day}",
            (
                REASON,
                "If you agree, nothing can be booked for {days:day}, and your pack is valid until {expires_at} instead.",
                "If you do nothing, everything stays as it is.",
            ),
            "Answer",
        ),
        mentor=Words(
            "{student_name} asks for a pause of {days:day}",
            (
                REASON,
                "If you agree, nothing is booked from this pack for {days:day}, and it is valid until {expires_at} instead. The seat stays taken.",
                "If you do nothing, everything stays as it is.",
            ),
            "Answer",
        ),
    ),
    Kind(
        "pause_answered",
        PACKS,
        "a pause is agreed or declined",
        student=Words(
            "{mentor_name} agrees: your pack is paused until {ends_at:date}",
            (
                "Until {ends_at} nothing can be booked, and no deadline comes nearer.",
                "Your pack is valid until {expires_at} then. You may go on earlier; the days not used then do not count.",
            ),
            "See your pack",
        ),
        mentor=Words(
            "{student_name} agrees: the pack is paused until {ends_at:date}",
            (
                "Until {ends_at} nothing is booked from this pack, and the seat stays taken.",
                "The pack is valid until {expires_at} then. You may go on earlier; the days not used then do not count.",
            ),
            "See the pack",
        ),
        turns={
            "declined": {
                "student": Words(
                    "{mentor_name} does not agree to the pause",
                    ("Nothing has changed: your pack goes on, and is valid until {expires_at}.",),
                    "See your pack",
                ),
                "mentor": Words(
                    "{student_name} does not agree to the pause",
                    ("Nothing has changed: the pack goes on, and is valid until {expires_at}.",),
                    "See the pack",
                ),
            },
        },
    ),
    Kind(
        "pause_ended",
        PACKS,
        "a pause is over",
        student=Words(
            "Your pause with {mentor_name} is over",
            (
                maybe("{by_name} ended it."),
                "You can book again. Your pack is valid until {expires_at}; a session has to start before then.",
            ),
            "Book now",
        ),
        mentor=Words(
            "The pause with {student_name} is over",
            (maybe("{by_name} ended it."), "Sessions can be booked again. The pack is valid until {expires_at}."),
            "See the pack",
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
        turns={
            "ask_first": {
                "student": Words(
                    "Your seat with {mentor_name} is kept until {grace_ends_at:default}",
                    (
                        "{grace_reason} Until {grace_ends_at} your seat is still yours.",
                        "{mentor_name} wants to be asked before you renew: ask soon, and pay once the answer is yes.",
                        "After that time the seat goes to the next person. Nothing is charged by itself.",
                    ),
                    "Ask for the next pack",
                ),
            },
        },
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
        turns={
            "ask_first": {
                "student": Words(
                    "Last call: your seat with {mentor_name} is free from {grace_ends_at:default}",
                    (
                        "Your seat is kept until {grace_ends_at}. After that it goes to the next person, and you would have to wait for a free one.",
                        "{mentor_name} wants to be asked before you renew: ask now if you want to keep it.",
                    ),
                    "Ask for the next pack",
                ),
            },
        },
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
    Kind(
        "waiting_list_lapsed",
        PACKS,
        "a seat that was offered to me is not kept any longer",
        student=Words(
            "The seat with {mentor_name} is no longer kept for you",
            (
                "It was kept for you until {expires_at}, and you had not taken it by then: it goes to whoever is next.",
                "Your place on the waiting list ended with it. Nothing was charged.",
                "You can join the list again, at its end; or buy at once should a seat be free.",
            ),
            "See the mentor's page",
        ),
    ),
    Kind(
        "mentor_away",
        PACKS,
        "a mentor of mine is away for some days",
        student=Words(
            "{mentor_name} is away from {first_day} to {last_day}",
            (
                maybe("“{note}”"),
                "Nothing can be booked on these days. What you have booked takes place, unless you hear otherwise.",
                maybe("Your sessions are valid {days:day} longer: use them until {expires_at}."),
            ),
            "See your calendar",
        ),
        turns={
            "over": {
                "student": Words(
                    "{mentor_name} is not away from {first_day} to {last_day} after all",
                    (
                        "These days can be booked again. A session that was cancelled stays so; its credit is yours to book with.",
                        maybe("Your sessions are valid as long as before: use them until {expires_at}."),
                    ),
                    "See your calendar",
                ),
            },
        },
    ),
)
