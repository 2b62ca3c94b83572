"""The pages worth looking at, and who looks: a list per persona of the demo's world."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from tests.browser.people import Visitor

VISITOR = [
    "/",
    "/mentorship?q=python",
    "/mentorship?q=nothing-like-this",
    "/mentorship/mentors/mia-sato",
    "/mentorship/mentors/tove-nyman",
    "/mentorship/mentors/tove-nyman/waiting-list",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/login/code/",
    "/there-is-no-such-page",
    "/demo/mails",
]
STUDENT = [
    "/student/mentorship",
    "/student/mentorship?tab=pending",
    "/student/mentorship?tab=history",
    "/student/mentorship/book",
    "/student/calendar",
    *(f"/student/calendar?view={view}" for view in ("day", "month", "list")),
    "/notifications",
    "/settings/profile",
    "/settings/security",
    "/settings/notifications",
    "/settings/calendar",
    "/mentor/apply",
]
NEWCOMER = ["/student/mentorship", "/notifications"]
MENTOR = [
    "/tutor/mentorship",
    "/tutor/mentorship?tab=pending",
    "/tutor/mentorship?tab=completed",
    "/tutor/mentorship/schedule",
    "/tutor/mentorship/schedule/new",
    "/tutor/seats",
    "/tutor/invite",
    "/tutor/availability",
    "/tutor/availability/exceptions",
    "/tutor/availability/vacations",
    "/tutor/availability/rules",
    "/tutor/availability/zone",
    "/tutor/availability/zone?to=Asia/Tokyo",
    "/tutor/calendar",
    *(f"/tutor/calendar?view={view}" for view in ("day", "month", "list")),
    "/tutor/wallet",
    "/tutor/wallet/details",
    "/settings/mentor",
]


def of_visitor(who: Visitor) -> list[str]:
    offerings = who.api("get", "offerings")["items"]
    shown = [next(o for o in offerings if o["kind"] == kind) for kind in ("PACK", "SESSION")]
    return [*VISITOR, *(o["url"] for o in shown), *(f"/checkout/{o['id']}" for o in shown)]


def of_newcomer(who: Visitor) -> list[str]:
    """With a payment begun: the foreign page, the order, the return page that waits."""
    mia = next(m for m in who.api("get", "mentors")["items"] if m["name"].startswith("Mia"))
    pack = next(o for o in who.api("get", f"offerings?mentorId={mia['id']}")["items"] if o["kind"] == "PACK")
    order = who.api("post", "checkout/sandbox", {"offeringId": pack["id"]})
    own = [f"/checkout/orders/{order['orderId']}", f"/checkout/return/{order['orderId']}", f"/checkout/{pack['id']}"]
    return [*NEWCOMER, order["checkoutUrl"], *own]


def of_student(who: Visitor) -> list[str]:
    return [*STUDENT, *of_pack_owner(who), *sessions(who, "SCHEDULED")]


def of_pack_owner(who: Visitor) -> list[str]:
    pack = who.api("get", "session-packs/me")["items"][0]
    statement = f"/student/packs/{pack['id']}"
    receipt = re.search(r'href="([^"]*/receipt)"', who.context.request.get(statement).text())
    assert receipt, "a pack that was bought has a receipt"
    own = [f"{statement}/plan", f"{statement}/pause"]
    return ["/student/mentorship", statement, *own, receipt[1], f"/student/mentorship/{pack['mentorId']}/end"]


def refunds(who: Visitor, pack: str) -> list[str]:
    """Where the money of this pack's purchases is asked for or given back, as its statement links to it."""
    found = re.findall(r'href="([^"]*/orders/[^"]*/refund)"', who.context.request.get(pack).text())
    assert found, pack
    return list(dict.fromkeys(found))


def of_refunds_wanted(who: Visitor) -> list[str]:
    """Before and after a student has asked."""
    pack = next(p for p in who.api("get", "session-packs/me/active")["items"] if p["mentorName"].startswith("Mia"))
    ask = refunds(who, f"/student/packs/{pack['id']}")[0]
    return [ask, ask.removesuffix("/refund")]


def of_mentor_with_refunds(who: Visitor) -> list[str]:
    packs = re.findall(r'href="(/student/packs/\d+)', who.context.request.get("/tutor/seats").text())
    ends = re.findall(r'href="(/tutor/mentorship/\d+/end)', who.context.request.get(packs[0]).text())
    pack = packs[0].removeprefix("/student")
    return [packs[0], f"/tutor{pack}/pause", f"/tutor{pack}/renewal", *refunds(who, packs[0]), *ends]


def of_mentor(who: Visitor) -> list[str]:
    offerings = who.api("get", f"offerings?mentorId={who.api('get', 'me')['id']}")["items"]
    shop = f"/tutor/mentorship/schedule/{offerings[0]['id']}"
    return [*MENTOR, vacation(who), *of_mentor_with_refunds(who), f"{shop}/edit", *sessions(who, "COMPLETED")]


def of_who_is_away(who: Visitor) -> list[str]:
    """Single dates and a vacation, listed and on the page that everybody sees."""
    return ["/tutor/availability/exceptions", "/tutor/availability/vacations", "/mentorship/mentors/lea-petit"]


def vacation(who: Visitor) -> str:
    """The page that settles what the next fortnight touches."""
    today = who.now().date()
    days = f"first_day={today + timedelta(days=2)}&last_day={today + timedelta(days=15)}"
    return f"/tutor/availability/vacations/new?{days}&note=Climbing&all=propose"


def sessions(who: Visitor, status: str) -> list[str]:
    """The page of the first session of this status; of one to come also what can be done with it."""
    found = who.api("get", f"sessions/me?status={status}")["items"]
    if not found:
        return []
    one = f"/mentorship/session/{found[0]['id']}"
    nouns = {"SCHEDULED": ["move", "cancellation", "proposal"], "COMPLETED": ["claim"]}.get(status, [])
    return [one, *(f"{one}/{noun}" for noun in nouns)]


def of_asker(who: Visitor) -> list[str]:
    """What a student has asked for: waiting, approved and to be paid, or ended; and where one asks."""
    found = []
    for asked in who.api("get", "requests/me")["items"]:
        found.append(asked["url"])
        if asked["status"] in {"PENDING_MENTOR_REVIEW", "APPROVED"} and not asked["paidAt"]:
            found.append(f"{asked['url']}/withdrawal")
        if asked["status"] == "APPROVED" and not asked["paidAt"]:
            found.append(f"/checkout/requests/{asked['id']}")
    assert found, "this one has asked for something"
    room = [f"/student/mentorship?tab={tab}" for tab in ("awaiting", "rejected")]
    return [*found, *room]


def of_asked(who: Visitor) -> list[str]:
    """What a mentor is asked, with each answer's page; an offer for one student."""
    asked = who.api("get", "requests/incoming?status=PENDING_MENTOR_REVIEW")["items"][0]
    answers = [f"{asked['url']}/{noun}" for noun in ("rejection", "suggestion")]
    offer = "/tutor/mentorship/schedule/offer"
    return ["/tutor/mentorship?tab=approvals", asked["url"], *answers, offer, f"{offer}?request={asked['id']}"]


def to_ask_for(who: Visitor) -> list[str]:
    """Where one asks, for whoever is not signed in."""
    offer = next(o for o in who.api("get", "offerings")["items"] if o["bookingMode"] == "REQUEST")
    return [offer["url"], f"/mentorship/offerings/{offer['id']}/request"]


def live(who: Visitor) -> list[str]:
    """The room of a session that runs, or one that ran and is not settled yet."""
    return sessions(who, "IN_PROGRESS")


def of_admin(who: Visitor) -> list[str]:
    """The support desk from the search to a verb that shows what it would do, closing a mentor, and what unfold draws."""
    mia = next(m for m in who.api("get", "mentors")["items"] if m["name"].startswith("Mia"))
    asked = who.context.request.get("/admin/sessions_app/bookingrequest/?q=mia").text()
    request = re.search(r'href="(/admin/sessions_app/bookingrequest/[^"/]+/change/)', asked)
    timeline = f"/admin/support/people/{mia['id']}"
    move = re.search(r'href="(/admin/support/move/[^"]+)"', who.context.request.get(timeline).text())
    assert request and move, "Mia is asked for something, and has a session to come"
    time = re.search(r'href="(\?starts_at=[^"]+)"', who.context.request.get(move[1]).text())
    assert time, "and a free time"
    desk = ["/admin/support/", "/admin/support/?q=demo.test", timeline, move[1] + unescape(time[1])]
    closing = f"/admin/support/mentors/{mia['id']}/close"
    return ["/admin/", *desk, closing, "/admin/sessions_app/session/", request[1]]
