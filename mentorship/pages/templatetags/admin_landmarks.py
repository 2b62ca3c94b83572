from __future__ import annotations

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
# What unfold draws as plain boxes is what a reader jumps to. Its templates have no place for a role, and overriding them
# would mean to keep a copy of the whole page; the test of the pages' accessibility notices when an id is called otherwise.
# The last one is read by its scroll bars, which otherwise call every scrolling box of a page alike.
LANDMARKS = {
    'id="main"': 'role="main"',
    'id="nav-sidebar"': 'role="navigation" aria-label="Admin"',
    'id="nav-sidebar-apps"': 'data-simplebar-aria-label="All lists"',
}


@register.filter
def with_landmarks(page: SafeString) -> SafeString:
    """The admin's page with its main part and its menu named as such."""
    named = str(page)
    for box, role in LANDMARKS.items():
        named = named.replace(box, f"{box} {role}", 1)
    return mark_safe(named)  # it was safe before, and quotes in what people wrote are escaped
