from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class KernelConfig(AppConfig):
    name = "mentorship.kernel"
    label = "kernel"

    def ready(self) -> None:
        # Every app names its periodic jobs in its own jobs.py.
        autodiscover_modules("jobs")
