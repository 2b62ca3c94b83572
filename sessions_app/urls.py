from __future__ import annotations

from django.urls import path

from sessions_app import views_availability

urlpatterns = [
    path("tutor/availability", views_availability.week, name="availability"),
]
