"""How the admin looks and how its pages are grouped (django-unfold's settings)."""

from __future__ import annotations

from typing import Any

from django.urls import reverse_lazy

# The product's green, from light to dark.
_GREENS = {
    "50": "oklch(.975 .012 178)",
    "100": "oklch(.94 .03 178)",
    "200": "oklch(.89 .05 178)",
    "300": "oklch(.83 .075 178)",
    "400": "oklch(.76 .1 178)",
    "500": "oklch(.62 .1 178)",
    "600": "oklch(.45 .085 178)",
    "700": "oklch(.4 .075 178)",
    "800": "oklch(.34 .06 178)",
    "900": "oklch(.28 .05 178)",
    "950": "oklch(.22 .04 178)",
}


def _group(title: str, *models: tuple[str, str, str]) -> dict[str, Any]:
    items = [
        {"title": label, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}
        for label, icon, model in models
    ]
    return {"title": title, "collapsible": False, "items": items}


UNFOLD = {
    "SITE_TITLE": "Mentorship",
    "SITE_HEADER": "Mentorship",
    "SITE_SYMBOL": "chair",
    "COLORS": {"primary": _GREENS},
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            _group(
                "People",
                ("Mentors", "school", "people_mentorprofile"),
                ("Users", "person", "people_user"),
                ("Topics", "label", "people_topic"),
            ),
            _group(
                "Mentorships",
                ("Packs", "confirmation_number", "packs_sessionpack"),
                ("Seats", "chair", "seats_seat"),
                ("Sessions", "event", "sessions_app_session"),
                ("Credit entries", "receipt_long", "packs_creditentry"),
                ("Offerings", "sell", "offerings_offering"),
                ("Courses", "menu_book", "offerings_course"),
                ("Weekly hours", "schedule", "sessions_app_weeklyrule"),
            ),
            _group(
                "Money",
                ("Orders", "shopping_bag", "payments_order"),
                ("Payments", "payments", "payments_payment"),
                ("Refunds", "undo", "payments_refund"),
                ("Disputes", "gavel", "payments_dispute"),
                ("Payouts", "account_balance", "payments_payout"),
                ("Ledger", "balance", "payments_ledgertransaction"),
                ("Webhook events", "webhook", "payments_webhookevent"),
                ("Audit", "fact_check", "pages_auditrun"),
            ),
            _group(
                "Messages",
                ("Notifications", "notifications", "notifications_notification"),
                ("Outbox", "outgoing_mail", "notifications_delivery"),
            ),
        ],
    },
}
