from django.urls import path

from mentorship.pages import marketplace, mentor_page, offering_page

urlpatterns = [
    path("", marketplace.marketplace, name="home"),
    path("mentorship", marketplace.marketplace, name="marketplace"),
    path("mentorship/mentors/<str:slug>", mentor_page.mentor_page, name="mentor"),
    path("mentorship/offerings/<int:offering_id>", offering_page.offering_page),
    path("mentorship/offerings/<int:offering_id>-<str:slug>", offering_page.offering_page, name="offering"),
]
