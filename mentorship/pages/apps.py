from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "mentorship.pages"
    label = "pages"
