"""The last results: for the admin's page and the health signal."""

from __future__ import annotations

from datetime import datetime

import structlog

from mentorship.pages.audit.checks import Kind
from mentorship.pages.audit.running import Report, run
from mentorship.pages.models import AuditRun

log = structlog.get_logger(__name__)
KEPT = 100


def audit_and_keep(now: datetime) -> AuditRun:
    """Run the whole audit and keep what it found; of older results only the last hundred stay."""
    report = run(now)
    kept = keep(report)
    if kept.broken:
        log.error("audit_broken", checks=[f.check.name for f in report.broken], rows=kept.broken)
    return kept


def keep(report: Report) -> AuditRun:
    """Write a result down. It is broken since the run before, if that one was."""
    rows = {kind: sum(f.count for f in report.of(kind)) for kind in Kind}
    before = AuditRun.objects.first()
    since = before.broken_since if before else None
    kept = AuditRun.objects.create(
        at=report.at,
        took_ms=round(1000 * sum(report.seconds.values())),
        broken=rows[Kind.BROKEN],
        overdue=rows[Kind.OVERDUE],
        notes=rows[Kind.NOTE],
        broken_since=(since or report.at) if rows[Kind.BROKEN] else None,
        findings=[finding.as_json() for finding in report.findings],
    )
    AuditRun.objects.filter(pk__lte=kept.pk - KEPT).delete()
    return kept


def signal() -> str:
    """What the last audit said, for machines: "clean", "broken since ..." or "never run"."""
    last = AuditRun.objects.first()
    return last.result if last else "never run"
