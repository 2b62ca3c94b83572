from django.contrib import admin

from mentorship.kernel.admin import ReadOnlyAdmin
from payments.models import SandboxCheckout, SandboxDelivery, SandboxDispute, SandboxRefund


@admin.register(SandboxCheckout, SandboxRefund, SandboxDispute, SandboxDelivery)
class SandboxAdmin(ReadOnlyAdmin):
    pass
