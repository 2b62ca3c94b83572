from django.urls import path

from notifications import views

urlpatterns = [
    path("notifications", views.index, name="notifications"),
    path("notifications/reading", views.read_all, name="notifications_read_all"),
    path("notifications/<int:pk>/reading", views.read, name="notification_read"),
    path("settings/notifications", views.settings, name="settings_notifications"),
]
