from django.contrib import admin
from django.urls import include, path

from mentorship.api import api

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("api/", api.urls),
    path("", include("mentorship.people.urls")),
    path("", include("notifications.urls")),
]

handler400 = "mentorship.kernel.errors.bad_request"
handler403 = "mentorship.kernel.errors.forbidden"
handler404 = "mentorship.kernel.errors.not_found"
handler500 = "mentorship.kernel.errors.server_error"
