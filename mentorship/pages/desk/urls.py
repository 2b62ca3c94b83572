"""Under `/admin/support/`, behind the admin's own door."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from mentorship.pages.desk import closing, views

app_name = "desk"
door = admin.site.admin_view

urlpatterns = [
    path("", door(views.search), name="search"),
    path("people/<int:person_id>", door(views.person), name="person"),
    path("mentors/<int:mentor_id>/close", door(closing.close), name="close"),
    path("<slug:slug>/<str:target>", door(views.verb), name="verb"),
]
