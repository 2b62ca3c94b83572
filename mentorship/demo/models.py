from django.db import models


class DemoMail(models.Model):
    """A mail the demo has sent: kept for the drawer instead of leaving the machine."""

    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField(blank=True)
    kind = models.CharField(max_length=40, blank=True)
    sent_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["to", "-id"], name="demo_mail_to")]

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"
