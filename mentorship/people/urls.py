from django.urls import path, re_path
from django.views.generic import RedirectView

from mentorship.people.views import apply, media, settings

urlpatterns = [
    path("settings/", RedirectView.as_view(pattern_name="settings_profile"), name="settings"),
    path("settings/profile", settings.profile, name="settings_profile"),
    path("settings/security", settings.security, name="settings_security"),
    path("settings/mentor", settings.mentor, name="settings_mentor"),
    path("mentor/apply", apply.apply, name="mentor_apply"),
    re_path(r"^media/(?P<path>photos/.+)$", media.photo, name="photo"),
]
