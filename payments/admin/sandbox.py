from django.contrib import admin

from mentorship.kernel.admin import ReadOnlyAdmin
from payments.models import SandboxCheckout, SandboxDelivery, SandboxRefund


@admin.register(SandboxCheckout, SandboxRefund, SandboxDelivery)
class SandboxAdmin(ReadOnlyAdmin):
    pass
