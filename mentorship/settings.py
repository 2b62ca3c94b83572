"""Django's settings. What differs between places comes from the environment (`kernel/env.py`), nothing else does."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONCE, NONE, SELF

from mentorship.admin_menu import UNFOLD  # noqa: F401  (django-unfold reads it)
from mentorship.kernel import database_url, env as environment, logs

ENV, MENTORSHIP, PROVIDERS = environment.read()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(ENV.data_dir)
SECRET_KEY = ENV.secret_key
DEBUG = ENV.debug
DEMO = ENV.demo
BASE_URL = ENV.base_url
SECURE = BASE_URL.startswith("https://")
_host = urlsplit(BASE_URL).hostname or "localhost"
_local = ["localhost", "127.0.0.1", "[::1]"] if DEMO or DEBUG else []
ALLOWED_HOSTS = sorted({_host, *ENV.allowed_hosts, *_local})
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SANDBOX_PAYMENTS = ENV.sandbox_payments
ENCRYPTION_KEYS = ENV.encryption_keys or [f"encryption:{SECRET_KEY}"]
METRICS_TOKEN = ENV.metrics_token
OPERATOR_NAME, OPERATOR_ADDRESS, OPERATOR_TAX_ID = ENV.operator_name, ENV.operator_address, ENV.operator_tax_id
SANDBOX_SECRET = ENV.sandbox_secret or f"sandbox:{SECRET_KEY}"

INSTALLED_APPS = [
    "mentorship.kernel",
    "mentorship.people",
    "notifications",
    "offerings",
    "packs",
    "seats",
    "sessions_app",
    "payments",
    "mentorship.pages",
    *(["mentorship.demo"] if DEMO else []),
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.discord",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_htmx",
    "ninja",
    "pgtrigger",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "mentorship.kernel.middleware.AdminPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "mentorship.kernel.middleware.NowMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mentorship.people.middleware.ZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mentorship.kernel.middleware.RefusalMiddleware",
    "mentorship.kernel.admin_frame.AdminFrameMiddleware",
]

ROOT_URLCONF = "mentorship.urls"
WSGI_APPLICATION = "mentorship.wsgi.application"
CSRF_FAILURE_VIEW = "mentorship.kernel.errors.csrf_failure"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mentorship.people.context.viewer",
                "notifications.context.unread",
            ],
            "builtins": ["mentorship.kernel.templatetags.ui"],
        },
    }
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # widgets may have templates of ours

DATABASES = {"default": database_url.parse(ENV.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "mentorship.kernel.cache.FailOpenRedisCache",
        "LOCATION": ENV.redis_url,
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1},
    }
}

CELERY_BROKER_URL = ENV.redis_url.replace("unix://", "redis+socket://", 1)  # kombu's word for a unix socket
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# max_retries 0: with Redis away a nudge gives up at once; otherwise kombu would keep each of them waiting for 6 s.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 0,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 5,
    "visibility_timeout": 600,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["mentorship.people.backend.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/student/mentorship"
SITE_ID = 1

ACCOUNT_ADAPTER = "notifications.account_mail.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]
ACCOUNT_SIGNUP_FORM_CLASS = "mentorship.people.forms.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 15 * 60
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "dashed": False, "length": 6}
# Per address, an hour's limit besides the minute's: six digits are safe only while guesses are few.
ACCOUNT_RATE_LIMITS = {"request_login_code": "20/m/ip,3/m/key,30/h/key", "reset_password": "20/m/ip,3/m/key,30/h/key"}
if DEMO:  # there everybody comes from one address
    ACCOUNT_RATE_LIMITS = {
        "signup": "600/m/ip",
        "login": "600/m/ip",
        "request_login_code": "600/m/ip,30/m/key",
        "reset_password": "600/m/ip,30/m/key",
        "reset_password_from_key": "600/m/ip",
    }
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO or DEBUG  # passkeys on http://localhost
MFA_TOTP_ISSUER = "Mentorship"
MFA_TOTP_TOLERANCE = 1
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.trusted_proxies

LANGUAGE_CODE = "en"
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.default_from_email
EMAIL_TIMEOUT = 10
if DEMO:
    EMAIL_BACKEND = "mentorship.demo.mail.DrawerBackend"
elif ENV.email_url:
    _mail = urlsplit(ENV.email_url)
    EMAIL_HOST, EMAIL_PORT = _mail.hostname or "localhost", _mail.port or environment.MAIL_PORTS[_mail.scheme]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ("/api/docs",),
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF, *PROVIDERS.checkout_origins()],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
if ENV.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING_CONFIG = None
logs.configure(ENV.log_level, human=DEMO or DEBUG)
if ENV.sentry_dsn:
    import sentry_sdk

    # Local variables and bodies hold what must not leave the house: credentials, payers' names, mentors' accounts.
    sentry_sdk.init(
        dsn=ENV.sentry_dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=logs.mask_report,
        before_send_transaction=logs.mask_report,
    )
