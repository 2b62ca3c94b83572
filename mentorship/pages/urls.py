from django.urls import path

from mentorship.pages import (
    booking_page,
    health,
    marketplace,
    mentor_page,
    metrics,
    offering_page,
    pause_page,
    renewal_page,
    rooms_mentor,
    rooms_student,
    seats_page,
    series_page,
    session_urls,
    statement,
    waiting_page,
)
from mentorship.pages.calendar.views import student_calendar, tutor_calendar


urlpatterns = [
    path("", marketplace.marketplace, name="home"),
    path("mentorship", marketplace.marketplace, name="marketplace"),
    path("mentorship/mentors/<slug:slug>", mentor_page.mentor_page, name="mentor"),
    path("mentorship/mentors/<slug:slug>/waiting-list", waiting_page.waiting_list, name="waiting_list"),
    path("mentorship/offerings/<int:offering_id>", offering_page.offering_page),
    path("mentorship/offerings/<int:offering_id>-<str:slug>", offering_page.offering_page, name="offering"),
    path("student/mentorship", rooms_student.student_room, name="student_room"),
    path("student/mentorship/book", booking_page.book_page, name="book"),
    path("student/calendar", student_calendar, name="student_calendar"),
    path("student/packs/<int:pack_id>", statement.statement, name="statement"),
    path("student/packs/<int:pack_id>/plan", series_page.plan_page, name="plan"),
    path("student/packs/<int:pack_id>/pause", pause_page.pause_page, {"side": "student"}, name="pause"),
    path("student/packs/<int:pack_id>/pause/answer", pause_page.answer, {"side": "student"}),
    path("student/packs/<int:pack_id>/pause/end", pause_page.end, {"side": "student"}),
    path("tutor/packs/<int:pack_id>/pause", pause_page.pause_page, {"side": "mentor"}, name="mentor_pause"),
    path("tutor/packs/<int:pack_id>/pause/answer", pause_page.answer, {"side": "mentor"}),
    path("tutor/packs/<int:pack_id>/pause/end", pause_page.end, {"side": "mentor"}),
    path("tutor/packs/<int:pack_id>/renewal", renewal_page.renewal_page, name="renewal"),
    path("tutor/mentorship", rooms_mentor.mentor_room, name="mentor_room"),
    path("tutor/calendar", tutor_calendar, name="tutor_calendar"),
    path("tutor/seats", seats_page.seats_page, name="seats"),
    *session_urls.urlpatterns,
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
