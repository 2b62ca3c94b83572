from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class DemoConfig(AppConfig):
    name = "mentorship.demo"
    label = "demo"

    def ready(self) -> None:
        if not settings.DEMO:
            raise ImproperlyConfigured("mentorship.demo loads only with MENTORSHIP_DEMO=1")
