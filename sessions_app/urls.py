from __future__ import annotations

from django.urls import path

from sessions_app import views_availability, views_feeds

urlpatterns = [
    path("tutor/availability", views_availability.week, name="availability"),
    path("calendar/<slug:secret>.ics", views_feeds.feed, name="calendar_feed"),
    path("settings/calendar", views_feeds.calendar_settings, name="settings_calendar"),
    path("settings/calendar/address", views_feeds.new_address, name="calendar_address"),
    path("settings/calendar/address/end", views_feeds.end_address, name="calendar_address_end"),
    path("mentorship/session/<uuid:session_id>/calendar.ics", views_feeds.session_file, name="session_file"),
]
