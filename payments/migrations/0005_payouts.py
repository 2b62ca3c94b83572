from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_wrong_mode"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="payout", options={"permissions": [("see_payout_details", "Can see where payouts go")]}
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["mentor", "-transaction"], name="payments_statement"),
        ),
    ]
