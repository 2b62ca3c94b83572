from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from mentorship.api import api

# One door for everybody: the admin's own form would not ask for a second step.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("admin/support/", include("mentorship.pages.desk.urls")),  # before the admin's own addresses
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("payments.urls")),  # before the API: a webhook's address lies under /api/ but is no call of it
    path("api/", api.urls),
    path("", include("mentorship.people.urls")),
    path("", include("notifications.urls")),
    path("", include("offerings.urls")),
    path("", include("sessions_app.urls")),
    path("", include("mentorship.pages.urls")),
]

if settings.DEMO:
    urlpatterns.append(path("demo/", include("mentorship.demo.urls")))

handler400 = "mentorship.kernel.errors.bad_request"
handler403 = "mentorship.kernel.errors.forbidden"
handler404 = "mentorship.kernel.errors.not_found"
handler500 = "mentorship.kernel.errors.server_error"
