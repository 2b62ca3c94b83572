from __future__ import annotations

from django.urls import path

from sessions_app import views_feeds
from sessions_app.hours import dates, rules, vacations, week, zone

urlpatterns = [
    path("tutor/availability", week.week, name="availability"),
    path("tutor/availability/exceptions", dates.dates, name="availability_dates"),
    path("tutor/availability/exceptions/<int:exception_id>/removal", dates.removal, name="availability_date_removal"),
    path("tutor/availability/vacations", vacations.vacations, name="availability_vacations"),
    path("tutor/availability/vacations/new", vacations.new, name="availability_vacation_new"),
    path(
        "tutor/availability/vacations/<int:vacation_id>/removal",
        vacations.removal,
        name="availability_vacation_removal",
    ),
    path("tutor/availability/rules", rules.rules, name="availability_rules"),
    path("tutor/availability/zone", zone.zone, name="availability_zone"),
    path("calendar/<slug:secret>.ics", views_feeds.feed, name="calendar_feed"),
    path("settings/calendar", views_feeds.calendar_settings, name="settings_calendar"),
    path("settings/calendar/address", views_feeds.new_address, name="calendar_address"),
    path("settings/calendar/address/end", views_feeds.end_address, name="calendar_address_end"),
    path("mentorship/session/<uuid:session_id>/calendar.ics", views_feeds.session_file, name="session_file"),
]
