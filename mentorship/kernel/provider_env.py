"""The payment providers' credentials and addresses. A provider without credentials is not offered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

STRIPE = "https://api.stripe.com"
PAYPAL = "https://api-m.paypal.com"
PAYPAL_SANDBOX = "https://api-m.sandbox.paypal.com"
PAYSTACK = "https://api.paystack.co"
KNOWN = {STRIPE, PAYPAL, PAYPAL_SANDBOX, PAYSTACK}
CERT_HOSTS = ["api.paypal.com", "api-m.paypal.com", "api.sandbox.paypal.com", "api-m.sandbox.paypal.com"]
# Where the browser is sent to pay; a form's redirect must be allowed to go there.
PAGES = {
    STRIPE: ["https://checkout.stripe.com"],
    PAYPAL: ["https://www.paypal.com"],
    PAYPAL_SANDBOX: ["https://www.sandbox.paypal.com"],
    PAYSTACK: ["https://checkout.paystack.com"],
}
List = Annotated[list[str], NoDecode]


class Providers(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore")

    # repr=False: settings are printed by debug pages and error reports.
    stripe_secret_key: str = Field("", repr=False, description="Stripe's secret key, `sk_live_...` or `sk_test_...`")
    stripe_webhook_secrets: List = Field(
        [], repr=False, description="`whsec_...`; two, comma separated, while a secret is rotated"
    )
    stripe_api_base: str = Field(STRIPE, description="Stripe's API")
    paypal_client_id: str = Field("", description="PayPal's REST app")
    paypal_client_secret: str = Field("", repr=False, description="its secret")
    paypal_webhook_ids: List = Field([], description="the webhook's id at PayPal; two while it is replaced")
    paypal_base_url: str = Field(PAYPAL, description=f"PayPal's API; test money: `{PAYPAL_SANDBOX}`")
    paypal_cert_allowed_hosts: List = Field(CERT_HOSTS, description="hosts PayPal's signing certificate may come from")
    paypal_ca_file: str = Field("", description="PEM file with the roots of that certificate; empty: the system's")
    paystack_secret_keys: List = Field(
        [],
        repr=False,
        description="`sk_live_...` or `sk_test_...`; a second one still verifies webhooks while the key is rotated",
    )
    paystack_base_url: str = Field(PAYSTACK, description="Paystack's API")
    providers_anywhere: bool = Field(
        False, description="1: allow provider addresses that are not the known https ones (never with real keys)"
    )

    @field_validator(
        "stripe_webhook_secrets",
        "paypal_webhook_ids",
        "paypal_cert_allowed_hosts",
        "paystack_secret_keys",
        mode="before",
    )
    @classmethod
    def split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("stripe_api_base", "paypal_base_url", "paystack_base_url")
    @classmethod
    def is_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an http(s):// address")
        return value.rstrip("/")

    @field_validator("paypal_ca_file")
    @classmethod
    def is_readable(cls, value: str) -> str:
        if value and not (Path(value).is_file() and b"BEGIN CERTIFICATE" in Path(value).read_bytes()):
            raise ValueError("must be a PEM file with certificates")
        return value

    @model_validator(mode="after")
    def credentials_are_complete(self) -> Providers:
        if self.stripe_secret_key and not self.stripe_webhook_secrets:
            raise ValueError("STRIPE_WEBHOOK_SECRETS is missing: without it no payment is ever confirmed by webhook")
        if self.paypal_client_id and not self.paypal_client_secret:
            raise ValueError("PAYPAL_CLIENT_SECRET is missing")
        if self.paypal_client_id and not self.paypal_webhook_ids:
            raise ValueError("PAYPAL_WEBHOOK_IDS is missing")
        if "WEBHOOK_ID" in self.paypal_webhook_ids:
            # PayPal's public simulator signs for this literal id with the live certificate: anyone could sign.
            raise ValueError("PAYPAL_WEBHOOK_IDS must be your webhook's own id, not the placeholder WEBHOOK_ID")
        return self

    def check_addresses(self) -> None:
        """Raises ValueError for an address that is not one of the providers' own (what production insists on)."""
        if self.providers_anywhere:
            return
        for name in ("stripe_api_base", "paypal_base_url", "paystack_base_url"):
            if getattr(self, name) not in KNOWN:
                raise ValueError(f"{name.upper()} must be the provider's own https address, not {getattr(self, name)}")

    def checkout_origins(self) -> list[str]:
        """Origins a form of ours may lead to: the payment pages of the providers that are set up."""
        bases = [
            *([self.stripe_api_base] if self.stripe_secret_key else []),
            *([self.paypal_base_url] if self.paypal_client_id else []),
            *([self.paystack_base_url] if self.paystack_secret_keys else []),
        ]
        return [origin for base in bases for origin in PAGES.get(base, [base])]
