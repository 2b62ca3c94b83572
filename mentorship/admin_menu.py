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
    "DASHBOARD_CALLBACK": "mentorship.pages.desk.overview.dashboard",
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "title": "Support",
                "collapsible": False,
                "items": [
                    {"title": "Support desk", "icon": "support_agent", "link": reverse_lazy("desk:search")},
                    {
                        "title": "Claims",
                        "icon": "report",
                        "link": reverse_lazy("admin:sessions_app_claim_changelist"),
                    },
                ],
            },
            _group(
                "People",
                ("Mentors", "school", "people_mentorprofile"),
                ("Users", "person", "people_user"),
                ("Topics", "label", "people_topic"),
                ("Closed mentors", "door_front", "pages_mentorclosing"),
            ),
            _group(
                "Mentorships",
                ("Packs", "confirmation_number", "packs_sessionpack"),
                ("Seats", "chair", "seats_seat"),
                ("Waiting lists", "hourglass_top", "seats_waitingplace"),
                ("Sessions", "event", "sessions_app_session"),
                ("Requests", "pending_actions", "sessions_app_bookingrequest"),
                ("Proposals", "update", "sessions_app_moveproposal"),
                ("Pauses", "pause_circle", "packs_pause"),
                ("Credit entries", "receipt_long", "packs_creditentry"),
                ("Offerings", "sell", "offerings_offering"),
                ("Courses", "menu_book", "offerings_course"),
            ),
            _group(
                "Calendars",
                ("Weekly hours", "schedule", "sessions_app_weeklyrule"),
                ("Other days", "edit_calendar", "sessions_app_dateexception"),
                ("Vacations", "beach_access", "sessions_app_vacation"),
                ("Busy times", "event_busy", "sessions_app_busytime"),
                ("Calendar feeds", "rss_feed", "sessions_app_calendarfeed"),
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
