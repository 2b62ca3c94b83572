"""What the product reads from its environment: typed, checked at start-up, refused loudly when missing or wrong.

The README's settings table is made from these fields; a test keeps the two the same.
"""

from __future__ import annotations

import sys
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mentorship.kernel.provider_env import Providers

MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
DEMO_SECRET = "demo-only-secret-key-that-protects-nothing-real-0123456789"  # noqa: S105


class Numbers(BaseSettings):
    """The business numbers of the product, in one place. Hours, minutes and days are elapsed time."""

    model_config = SettingsConfigDict(env_prefix="MENTORSHIP_", extra="ignore")

    pack_validity_days: int = Field(90, ge=1, description="least validity of a pack, days")
    pack_validity_days_per_session: int = Field(14, ge=1, description="a pack lives at least this many days a session")
    seats_per_mentor: int = Field(10, ge=1, description="seats a new mentor has")
    checkout_hold_minutes: int = Field(35, ge=5, description="how long seat and slot are kept for someone who pays")
    provider_page_minutes: int = Field(31, ge=5, description="how long the provider's page is asked to live")
    move_notice_hours: int = Field(24, ge=0, description="moving and free cancelling end this long before the start")
    undo_minutes: int = Field(15, ge=0, description="a fresh booking can be undone for this long")
    grace_hours: int = Field(72, ge=1, description="a seat is kept this long after the last credit was settled")
    grace_least_notice_hours: int = Field(24, ge=0, description="least grace left when a late job announces it")
    final_warning_hours: int = Field(12, ge=1, description="final warning this long before grace ends")
    expiry_grace_hours: int = Field(0, ge=0, description="grace for seats of packs that expired with unused credits")
    approval_hours: int = Field(48, ge=1, description="a request is answered within this time")
    approval_least_hours_before: int = Field(3, ge=0, description="and at latest this long before its first time")
    payment_after_approval_hours: int = Field(24, ge=1, description="an approved request is paid within this time")
    payment_least_hours_before: int = Field(1, ge=0, description="and at latest this long before the start")
    request_notice_hours: int = Field(24, ge=0, description="least notice of a time that is asked for")
    ignored_requests_until_pause: int = Field(
        3, ge=1, description="so many requests in a row without an answer, and a mentor's offerings pause"
    )
    waiting_offer_hours: int = Field(48, ge=1, description="a seat offered to the next in line is kept this long")
    booking_notice_hours: int = Field(12, ge=1, le=72, description="a new mentor's minimum notice")
    horizon_days: int = Field(60, ge=1, description="how far ahead buyers may choose a time")
    slot_step_minutes: int = Field(30, ge=5, description="a new mentor's slot step")
    join_early_minutes: int = Field(0, ge=0, description="the room opens this long before the start")
    stay_late_minutes: int = Field(15, ge=0, description="those inside may stay this long after the end")
    auto_settle_hours: int = Field(72, ge=1, description="unmarked sessions without evidence are settled after this")
    auto_settle_with_evidence_hours: int = Field(
        24, ge=1, description="unmarked sessions are settled after this by who entered the room"
    )
    claim_hours: int = Field(72, ge=1, description="so long after a session either side may say something was wrong")
    claim_answer_hours: int = Field(48, ge=1, description="the other side agrees or answers within this time")
    pause_days: int = Field(30, ge=0, description="a pack can be paused so many days in all")
    vacation_moves_expiry_days: int = Field(
        7, ge=1, description="a mentor's vacation of so many days moves the packs' expiry by itself"
    )
    make_up_days: int = Field(14, ge=1, description="validity of a make-up pack")
    money_hold_hours: int = Field(72, ge=0, description="pending money becomes available this long after settling")
    mentor_share_percent: int = Field(70, ge=0, le=100, description="a mentor's share of a payment")
    open_packs_per_student: int = Field(0, ge=0, description="0: no limit")
    bookings_per_minute: int = Field(10, ge=1, description="booking attempts per user and minute")
    checkouts_per_minute: int = Field(10, ge=1, description="checkouts per user and minute")
    calendar_reads_per_hour: int = Field(
        60, ge=1, description="a private calendar is read so often by calendar programs"
    )
    invitations_per_day: int = Field(20, ge=1, description="students a mentor may invite in 24 hours")


class Env(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore")

    # repr=False: settings are printed by debug pages and error reports.
    secret_key: str = Field(
        "",
        repr=False,
        description="signs cookies and links; your own, at least 40 characters; **required** outside the demo",
    )
    database_url: str = Field(repr=False, description="postgresql://user:password@host:port/name")
    redis_url: str = Field(repr=False, description="redis://host:port/0, or unix:///path/to/redis.sock")
    base_url: str = Field("http://localhost:8000", description="public address, used in mails")
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        [], description="comma separated host names; BASE_URL's is included"
    )
    debug: bool = Field(False, description="Django's debug pages; never in production")
    demo: bool = Field(False, alias="MENTORSHIP_DEMO", description="1: demo bar, demo clock, sandbox payments")
    sandbox_payments: bool = Field(False, description="1: offer the built-in sandbox provider (refused in production)")
    sandbox_secret: str = Field(
        "", repr=False, description="signs the sandbox's webhooks; derived from SECRET_KEY when empty"
    )
    trusted_proxies: int = Field(
        0, ge=0, description="how many proxies stand in front; their X-Forwarded-For and -Proto are believed"
    )
    email_url: str = Field(
        "",
        repr=False,
        description="smtps://user:password@host:port (TLS), smtp+tls:// (STARTTLS) or smtp://; empty: mail goes to the log",
    )
    default_from_email: str = Field("Mentorship <hello@localhost>", description="sender of all mail")
    encryption_keys: Annotated[list[str], NoDecode] = Field(
        [],
        repr=False,
        description="encrypts mentors' payout details: the first one writes, the others still read (rotation); comma "
        "separated, at least 32 characters each; derived from SECRET_KEY when empty",
    )
    operator_name: str = Field("Mentorship", description="who runs this place; stands on receipts")
    operator_address: str = Field("", description="its postal address on receipts; `\\n` begins a new line")
    operator_tax_id: str = Field("", description="its tax or VAT number on receipts")
    metrics_token: str = Field(
        "", repr=False, description="`/metrics` answers to this bearer token; empty: there is no such page"
    )
    data_dir: str = Field(".data", description="uploads and embedded servers")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level that is logged")
    sentry_dsn: str = Field("", description="optional: report errors to Sentry")

    @field_validator("allowed_hosts", "encryption_keys", mode="before")
    @classmethod
    def split_hosts(cls, value: object) -> object:
        return [h.strip() for h in value.split(",") if h.strip()] if isinstance(value, str) else value

    @field_validator("encryption_keys")
    @classmethod
    def keys_are_long(cls, value: list[str]) -> list[str]:
        if any(len(key) < 32 for key in value):
            raise ValueError("each key must have at least 32 characters")
        return value

    @field_validator("operator_address")
    @classmethod
    def lines_of_the_address(cls, value: str) -> str:
        return value.replace("\\n", "\n").strip()

    @field_validator("database_url")
    @classmethod
    def is_postgres(cls, value: str) -> str:
        if not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("must be a postgresql:// address")
        return value

    @field_validator("redis_url")
    @classmethod
    def is_redis(cls, value: str) -> str:
        if not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be a redis://, rediss:// or unix:// address")
        return value

    @field_validator("base_url")
    @classmethod
    def is_http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("email_url")
    @classmethod
    def is_mail(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme in MAIL_PORTS and parts.hostname and parts.port != 0):
            raise ValueError("must be an smtps://, smtp+tls:// or smtp:// address")
        return value

    @model_validator(mode="after")
    def secrets_fit_the_place(self) -> Env:
        if self.demo and not self.secret_key:
            self.secret_key = DEMO_SECRET
        if not self.secret_key:
            raise ValueError("SECRET_KEY is missing")
        if self.demo:
            self.sandbox_payments = True
        if not self.demo and not self.debug:
            if self.secret_key == DEMO_SECRET or len(self.secret_key) < 40:
                raise ValueError("SECRET_KEY must be your own and at least 40 characters long")
            if self.sandbox_payments and self.base_url.startswith("https://"):
                raise ValueError("SANDBOX_PAYMENTS must be off in production: anyone could 'pay' with one click")
        return self


def read() -> tuple[Env, Numbers, Providers]:
    """Read all from the environment. Raises SystemExit with one line for each thing that is missing or wrong."""
    try:
        env, numbers, providers = Env(), Numbers(), Providers()
        if not env.demo and not env.debug:
            providers.check_addresses()
        return env, numbers, providers
    except ValidationError as wrong:
        lines = [f"  {'.'.join(map(str, e['loc'])).upper() or 'SETTINGS'}: {e['msg']}" for e in wrong.errors()]
    except ValueError as wrong:
        lines = [f"  {wrong}"]
    sys.exit("The settings are not complete (README, 'Settings'):\n" + "\n".join(lines))
