"""Template tags every page uses: icons, times in the reader's zone, money, and the signs for packs, seats and grace.

The tags read `viewer_zone` and `request.now` from the context; a template without a request (a mail) passes `now`.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.template import Context
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, to_locale
from lucide.templatetags.lucide import lucide

from mentorship.kernel import local_time, money, pictures

register = template.Library()

TINTS = 6


@lru_cache(maxsize=256)
def _icon(name: str, size: int) -> SafeString:
    return mark_safe(lucide(name, size=size, **{"class": "icon", "aria-hidden": "true", "focusable": "false"}))


@register.simple_tag(name="icon")
def icon(name: str, size: int = 20) -> SafeString:
    """A lucide icon as inline SVG in the text's colour, hidden from screen readers: put words beside it."""
    return _icon(str(name), int(size))


def _now(context: Context) -> datetime | None:
    if isinstance(now := context.get("now"), datetime):
        return now
    return getattr(context.get("request"), "now", None)


def _zone(context: Context) -> ZoneInfo:
    return _as_zone(context.get("viewer_zone") or "UTC")


def _as_zone(zone: tzinfo | str) -> ZoneInfo:
    return ZoneInfo(str(zone))  # by name: `astimezone` refuses the lazy object a request carries


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@register.simple_tag(takes_context=True, name="when")
def when(context: Context, moment: datetime | None, style: str = "default", zone: tzinfo | str | None = None) -> str:
    """`<time datetime>` with the instant in the reader's zone (or in `zone`). Styles: see `local_time.words`."""
    if moment is None:
        return ""
    there = _as_zone(zone) if zone else _zone(context)
    text = local_time.words(moment, there, now=_now(context), style=style)
    return format_html('<time datetime="{}">{}</time>', _iso(moment), text)


@register.simple_tag(takes_context=True, name="other_time")
def other_time(context: Context, moment: datetime, zone: tzinfo | str, name: str) -> str:
    """ "For Mia it is 17:00 in Lagos." when that clock shows something else than the reader's, otherwise nothing."""
    there = _as_zone(zone)
    time = local_time.elsewhere(moment, _zone(context), there)
    if time is None:
        return ""
    return format_html('For {} it is <span class="nowrap">{}</span> in {}.', name, time, local_time.city(there))


@register.simple_tag(takes_context=True, name="countdown")
def countdown(context: Context, until: datetime | None, style: str = "long") -> str:
    """How long until then; `static/js/countdown.js` lets it tick. Style "short" keeps one number ("11 h").

    At zero the element fires `countdown-end`, which `hx-trigger="countdown-end from:body"` can use.
    """
    now = _now(context)
    if until is None or now is None:
        return ""
    text = local_time.span(until - now, short=style == "short")
    return format_html(
        '<time datetime="{}" data-countdown="{}" data-countdown-style="{}">{}</time>',
        _iso(until),
        _iso(until),
        style,
        text,
    )


@register.simple_tag(takes_context=True, name="clock_change_warning")
def clock_change_warning(context: Context, moment: datetime | None, zone: tzinfo | str | None = None) -> str:
    """A sentence when the clocks (of `zone`, else the reader's) change between now and `moment`; otherwise nothing."""
    now = _now(context)
    there = _as_zone(zone) if zone else _zone(context)
    if moment is None or now is None:
        return ""
    return local_time.clock_change_sentence(now, moment, there)


@register.simple_tag(name="money")
def money_tag(minor: int | None, currency: str) -> str:
    """A sum in minor units in the reader's format, whole sums without decimals."""
    if minor is None:
        return ""
    return money.display(int(minor), currency, to_locale(get_language() or "en"))


@register.simple_tag(name="hours")
def hours(name: str) -> str:
    """ "48 hours": one of the numbers of `settings.MENTORSHIP` that are counted in hours, by its name."""
    count = getattr(settings.MENTORSHIP, name)
    return f"{count} hour{'' if count == 1 else 's'}"


@register.filter
def zone_city(zone: tzinfo | str) -> str:
    """ "Europe/Berlin" is Berlin."""
    return local_time.city(zone) if zone else ""


@register.filter
def initials(name: str) -> str:
    """Two letters for an avatar: "Mia Sato" is MS, "Mia" is M. An address counts up to its @."""
    parts = str(name or "").split("@")[0].replace(".", " ").replace("_", " ").split()
    if not parts:
        return "?"
    return (parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else "")).upper()


@register.filter
def tint(user_id: int | None) -> str:
    """The class that colours somebody's initials, the same on every page."""
    return f"tint-{int(user_id or 0) % TINTS}"


@register.simple_tag(name="pack_picture")
def pack_picture(used: int, held: int, free: int) -> SafeString:
    """The dots of a pack without words (`components/pack_dots.html` has both)."""
    return mark_safe(pictures.dots(max(0, int(used or 0)), max(0, int(held or 0)), max(0, int(free or 0))))


@register.simple_tag(name="pack_words")
def pack_words(used: int, held: int, free: int) -> str:
    """ "1 left to book · 1 booked · 2 used"."""
    return pictures.pack_words(int(used or 0), int(held or 0), int(free or 0))


@register.simple_tag(name="seat_counts")
def seat_counts(capacity: int, taken: int = 0, grace: int = 0, offered: int = 0, held: int = 0) -> SafeString:
    """Small chairs for a card, in the order taken, grace, offered, held, free. Words are the caller's."""
    busy = ["taken"] * taken + ["grace"] * grace + ["offered"] * offered + ["held"] * held
    return mark_safe(pictures.chair_strip(tuple(busy + ["free"] * max(0, capacity - len(busy)))))


@register.simple_tag(name="chair")
def chair(state: str, initials: str = "", fraction: float | None = None) -> SafeString:
    """One big chair."""
    return mark_safe(pictures.chair(str(state), conditional_escape(initials or ""), round(float(fraction or 0), 2)))


@register.simple_tag(name="ring_picture")
def ring_picture(label: str, fraction: float | None) -> SafeString:
    """The ring of grace, drawn (`components/grace_ring.html` adds the words for screen readers)."""
    return mark_safe(pictures.ring(conditional_escape(label or ""), round(float(fraction or 0), 3)))
