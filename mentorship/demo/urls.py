from django.urls import path

from mentorship.demo import views

app_name = "demo"
urlpatterns = [
    path("persona", views.persona, name="persona"),
    path("clock", views.clock_move, name="clock"),
    path("mails", views.mails, name="mails"),
    path("mails/<int:mail_id>", views.mail, name="mail"),
    path("mails/<int:mail_id>/html", views.mail_html, name="mail_html"),
]
