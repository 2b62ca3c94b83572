"""Money: in, back, disputed, paid out."""

from __future__ import annotations

from notifications.kinds.words import MONEY, REASON, Kind, Words, maybe

KINDS = (
    Kind(
        "payment_confirmed",
        MONEY,
        "my payment has arrived",
        student=Words(
            "Your payment of {amount_display} has arrived",
            (
                maybe("For “{title}” with {mentor_name}."),
                maybe("Order {order_number}."),
                maybe("Your receipt, to print or to keep: {receipt_url}"),
            ),
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
        "refund_asked",
        MONEY,
        "a student asks for a refund",
        mentor=Words(
            "{student_name} asks for a refund",
            (
                maybe("For “{title}”, order {order_number}."),
                REASON,
                maybe("At most {amount_display} can go back: what was not used."),
                "You decide: refund what you like, or say why not.",
            ),
            "Look at it",
        ),
    ),
    Kind(
        "refund_declined",
        MONEY,
        "a mentor says no to my wish for a refund",
        student=Words(
            "{mentor_name} does not refund “{title}”",
            (
                REASON,
                "Your sessions are still yours, just as before.",
                maybe("Order {order_number}."),
            ),
            "See the order",
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
        turns={
            "won": {
                "student": Words(
                    "The dispute about {amount_display} is decided: the payment stands",
                    (
                        maybe("Order {order_number}."),
                        "Booking works again, and the time the dispute took is added to your pack.",
                    ),
                    "See the order",
                ),
                "mentor": Words(
                    "Decided for you: the payment of {student_name} stands",
                    (
                        maybe("Order {order_number}, {amount_display}."),
                        "Booking works again, and your share is released as usual.",
                    ),
                    "See your wallet",
                ),
            },
            "lost": {
                "student": Words(
                    "The dispute is decided: {amount_display} went back to you",
                    (
                        maybe("Order {order_number}."),
                        "What was paid back cannot be used any more; what was not, you can book again.",
                    ),
                    "See the order",
                ),
                "mentor": Words(
                    "A dispute with {student_name} was lost: {amount_display} went back",
                    (
                        maybe("Order {order_number}."),
                        "Sessions that were not used went with it; your share of the rest is taken back and netted from your next payouts.",
                    ),
                    "See your wallet",
                ),
            },
        },
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
    Kind(
        "payout_cancelled",
        MONEY,
        "a payout to me is called off",
        mentor=Words(
            "Your payout of {amount_display} was called off",
            (REASON, "Nothing is lost: the sum is available in your wallet again."),
            "See your wallet",
        ),
    ),
    Kind(
        "payout_details_changed",
        MONEY,
        "somebody changes where my payouts go",
        mentor=Words(
            "Your payouts go to another account now",
            (
                maybe("From now on they go to the account {account}."),
                "Was it not you? Change your password, put the right account back, and answer this mail.",
            ),
            "See your wallet",
        ),
    ),
)
