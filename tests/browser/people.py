"""Somebody in front of a browser, with the demo's clock and mails at hand."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import BrowserContext, Page


class Visitor:
    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.trouble: list[str] = []
        # A refusal's page is a 4xx and logged as such by the browser; everything else on the console is trouble.
        self.page.on(
            "console",
            lambda m: (
                self.trouble.append(m.text) if m.type == "error" and "Failed to load resource" not in m.text else None
            ),
        )
        self.page.on("pageerror", lambda e: self.trouble.append(str(e)))

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        more: dict[str, Any] = {"data": body} if body is not None else {}
        if body is not None and not path.startswith("demo/"):
            more["headers"] = {"X-CSRFToken": self.api("get", "csrf")["csrfToken"]}
        answer = getattr(self.context.request, method)(f"/api/{path}", **more)
        assert answer.ok, f"{path}: {answer.status} {answer.text()}"
        return answer.json()

    def now(self) -> datetime:
        return datetime.fromisoformat(self.api("get", "demo/clock")["now"])

    def wait(self, by: timedelta) -> list[str]:
        """Let time pass; the due jobs run. Returns the jobs that did something."""
        moved = self.api("post", "demo/clock", {"advance": f"PT{int(by.total_seconds())}S", "runJobs": True})
        assert not [r for r in moved["ran"] if r["error"]], moved
        return [r["job"] for r in moved["ran"] if r["rows"]]

    def wait_until(self, moment: datetime) -> list[str]:
        return self.wait(max(moment - self.now(), timedelta()) + timedelta(seconds=1))

    def mails(self, to: str) -> list[str]:
        """The kinds of the mails this address got, newest first."""
        return [mail["kind"] for mail in self.api("get", f"demo/mails?to={to}")["items"]]

    def code_for(self, to: str) -> str:
        for mail in self.api("get", f"demo/mails?to={to}")["items"]:
            if found := re.search(r"\b\d{6}\b", mail["text"]):
                return found.group()
        raise AssertionError(f"no code was mailed to {to}")

    def go(self, path: str) -> None:
        answer = self.page.goto(path)
        assert answer is not None and answer.ok, f"{path}: {answer and answer.status}"

    def settled(self) -> None:
        """Wait until nothing is being fetched or swapped: a press on what is just being replaced would be lost."""
        self.page.wait_for_load_state("networkidle")

    def press(self, name: str, role: str = "button", exact: bool = False) -> None:
        self.page.get_by_role(role, name=name, exact=exact).first.click()  # type: ignore[arg-type]

    def text(self) -> str:
        return self.page.locator("main").inner_text()
