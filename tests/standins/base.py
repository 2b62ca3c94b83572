"""What the stand-ins share: an HTTP server on loopback, trouble on request, controls, webhooks and a payment page.

A stand-in subclasses `Standin` and writes `api` (its wire rules), `sign` (its webhooks' signature), `trouble` (how its
errors look), `page` and `press` (its payment page), and the controls. `api`, `page`, `press` and a control called over
HTTP run with `self.lock` held; a control of its own takes it (`with self.lock:`, it may be taken twice by one thread).
"""

from __future__ import annotations

import json
import queue
import threading
import time
from dataclasses import dataclass, field
from email.message import Message
from html import escape
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.standins.wire import Server, post

LONGEST_BODY = 1_000_000
CONTROLS = (
    "approve",
    "decline",
    "abandon",
    "refund",
    "finish_refund",
    "dispute",
    "close_dispute",
    "twist",
    "fail_next",
)


class Call(NamedTuple):
    """One API call as it came; `path` with its query. `headers.get(...)` does not mind upper and lower case."""

    method: str
    path: str
    headers: Message[str, str]
    body: bytes


@dataclass
class Request:
    method: str
    path: str  # without the query, unquoted
    query: dict[str, str]
    headers: Message[str, str]
    body: bytes


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(said: object, status: int = 200, **headers: str) -> Answer:
    """`headers` by keyword: `Request_Id="..."` is sent as `Request-Id`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(said).encode(), {"Content-Type": "application/json"} | named)


def html_answer(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


@dataclass
class Delivery:
    """A webhook as the company would send it. `sign()` gives its headers, stamped now unless told otherwise."""

    sender: Standin
    reference: str
    kind: str
    body: bytes
    facts: dict[str, str] = field(default_factory=dict)  # what the sender's signature needs (PayPal's transmission id)

    def sign(self, stamp: int | None = None, secret: str | None = None) -> dict[str, str]:
        signed = self.sender.sign(self, int(time.time()) if stamp is None else stamp, secret)
        return {"Content-Type": "application/json"} | signed


@dataclass
class Trouble:
    """What befalls the next API calls: an error status (0: the line goes dead), before or after the effect."""

    left: int
    status: int
    after_commit: bool
    hang: float
    only: str
    body: str | None
    headers: dict[str, str]


@dataclass
class PaymentPage:
    """What the hosted payment page shows; `sum` and `title` as a person reads them."""

    company: str
    colour: str
    title: str
    sum: str
    email: str = ""
    note: str = ""  # "Your card was declined."
    open: bool = True
    pay: str = "Pay"


class Standin:
    name: ClassVar[str]

    def __init__(self, *, port: int = 0, webhook_url: str = "", automatic: bool = False) -> None:
        """`automatic`: every webhook is posted to `webhook_url` by itself, in order; otherwise only `deliver` posts."""
        self.port = port
        self.webhook_url = webhook_url
        self.automatic = automatic
        self.lock = threading.RLock()
        self.calls: list[Call] = []
        self.slow_refunds = False
        self._sent: list[Delivery] = []
        self._troubles: list[Trouble] = []
        self._stopping = threading.Event()
        self._outgoing: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._server: Server | None = None
        self._threads: list[threading.Thread] = []

    # --- what a company writes itself -------------------------------------------------------------------------------

    def api(self, request: Request) -> Answer:
        raise NotImplementedError

    def sign(self, delivery: Delivery, stamp: int, secret: str | None) -> dict[str, str]:
        raise NotImplementedError

    def trouble(self, status: int) -> Answer:
        """How this company says 500 or 429."""
        return json_answer({"message": "trouble"}, status)

    def page(self, reference: str) -> PaymentPage | None:
        raise NotImplementedError

    def press(self, reference: str, outcome: str) -> str | None:
        """The buyer pressed pay, decline or back. Returns where the browser goes; None: the page again."""
        raise NotImplementedError

    # --- its life ---------------------------------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        self._stopping.clear()
        self._outgoing = queue.SimpleQueue()
        self._server = Server(self.port, _handler(self))
        self.port = self._server.server_address[1]
        self._threads = [threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})]
        if self.automatic:
            self._threads.append(threading.Thread(target=self._deliver_in_order))
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Close everything, also connections that are kept open or hang. No thread is left."""
        if self._server is None:
            return
        self._stopping.set()
        self._outgoing.put(None)
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        for thread in self._threads:
            thread.join()
        self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- controls every company has ---------------------------------------------------------------------------------

    def fail_next(
        self,
        n: int = 1,
        status: int = 500,
        after_commit: bool = False,
        hang: float = 0,
        only: str = "",
        body: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Trouble for the next `n` API calls, those whose path contains `only`. Status 0: no answer at all.

        `after_commit`: the effect happens and its answer is lost. `hang`: so many seconds pass before the answer.
        `body` and `headers` are said instead of the company's words for trouble (a redirect, nonsense, two megabytes).
        Status 200 without a body is the true answer, late.
        """
        with self.lock:
            self._troubles.append(Trouble(n, status, after_commit, hang, only, body, headers or {}))

    def events(self, reference: str) -> list[Delivery]:
        """The webhooks so far about this checkout, oldest first."""
        with self.lock:
            return [sent for sent in self._sent if sent.reference == reference]

    def deliver(
        self,
        delivery: Delivery,
        url: str | None = None,
        *,
        stamp: int | None = None,
        secret: str | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> int:
        """Post it, as often as you like, in any order. `body`: tampered after signing. Returns the status code."""
        signed = delivery.sign(stamp, secret) if headers is None else headers
        return post(url or self.webhook_url, delivery.body if body is None else body, signed)

    def emit(self, reference: str, kind: str, said: object, **facts: str) -> Delivery:
        """A webhook comes into being; with `automatic` it is on its way."""
        with self.lock:
            delivery = Delivery(self, reference, kind, json.dumps(said, separators=(",", ":")).encode(), facts)
            self._sent.append(delivery)
            if self.automatic:
                self._outgoing.put(delivery)
        return delivery

    def _deliver_in_order(self) -> None:
        while (delivery := self._outgoing.get()) is not None:
            for again_in in (0.5, 1, 2, 4, 8):
                try:
                    if self.deliver(delivery) == 200:
                        break
                except OSError:
                    pass
                if self._stopping.wait(again_in):
                    return

    # --- requests ---------------------------------------------------------------------------------------------------

    def answer(self, request: Request, raw_path: str) -> Answer | None:
        """None: the line goes dead."""
        if request.path.startswith("/_control/"):
            return self._control(request)
        if request.path == "/favicon.ico":  # a browser's own wish
            return Answer(204)
        if request.path.startswith("/pay/"):
            with self.lock:
                return self._pay(request, request.path.removeprefix("/pay/"))
        with self.lock:
            self.calls.append(Call(request.method, raw_path, request.headers, request.body))
            trouble = self._take_trouble(request.path)
            late = trouble is not None and trouble.status == 200 and trouble.body is None
            said = self.api(request) if trouble is None or trouble.after_commit or late else None
        if trouble is None:
            return said
        self._stopping.wait(trouble.hang)
        if late or not trouble.status:
            return said if late else None
        worded = self.trouble(trouble.status) if trouble.body is None else Answer(trouble.status, trouble.body.encode())
        return Answer(worded.status, worded.body, worded.headers | trouble.headers)

    def _take_trouble(self, path: str) -> Trouble | None:
        for trouble in self._troubles:
            if trouble.left > 0 and trouble.only in path:
                trouble.left -= 1
                return trouble
        return None

    def _pay(self, request: Request, reference: str) -> Answer:
        page = self.page(reference)
        if page is None:
            return html_answer("<h1>Not found</h1>", 404)
        if request.method == "POST" and page.open:
            outcome = dict(parse_qsl(request.body.decode())).get("outcome", "")
            if outcome not in ("pay", "decline", "back"):
                return html_answer("<h1>Bad request</h1>", 400)
            if (target := self.press(reference, outcome)) is not None:
                return Answer(303, b"", {"Location": target})
            page = self.page(reference) or page
        return html_answer(_html(page))

    def _control(self, request: Request) -> Answer:
        """`POST /_control/<verb>` with the verb's arguments as JSON; `GET /_control/calls`, `/_control/events?reference=`."""
        verb = request.path.removeprefix("/_control/")
        try:
            if request.method == "GET" and verb == "calls":
                with self.lock:
                    return json_answer([[c.method, c.path, c.body.decode(errors="replace")] for c in self.calls])
            if request.method == "GET" and verb == "events":
                sent = self.events(request.query.get("reference", ""))
                return json_answer([{"kind": d.kind, "body": d.body.decode()} for d in sent])
            if request.method != "POST" or verb not in (*CONTROLS, "deliver", "slow_refunds"):
                return json_answer({"error": "no such control"}, 404)
            return json_answer({"result": self._controlled(verb, json.loads(request.body or b"{}"))})
        except (ValueError, TypeError, LookupError, OSError) as wrong:
            return json_answer({"error": f"{type(wrong).__name__}: {wrong}"}, 400)

    def _controlled(self, verb: str, how: dict[str, Any]) -> object:
        if verb == "deliver":  # outside the lock: whoever gets it asks us what is true
            which = self.events(how.pop("reference"))[how.pop("index", -1)]
            if isinstance(how.get("body"), str):
                how["body"] = how["body"].encode()
            return self.deliver(which, **how)
        with self.lock:
            if verb == "slow_refunds":
                self.slow_refunds = bool(how["on"])
                return self.slow_refunds
            return getattr(self, verb)(**how)


def _handler(standin: Standin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body leave in one piece

        def _serve(self) -> None:
            length = self.headers.get("Content-Length", "0")
            if not length.isdecimal() or int(length) > LONGEST_BODY or "Transfer-Encoding" in self.headers:
                self.send_error(413)
                return
            body = self.rfile.read(int(length))
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            asked = Request(self.command, unquote(parts.path), query, self.headers, body)
            said = standin.answer(asked, self.path)
            if said is None:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    return Handler


STYLE = """
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f4f5f7;color:#1a1f36}
header{background:var(--brand);color:#fff;padding:.8rem 1.2rem;font-weight:700}
main{max-width:26rem;margin:3rem auto;padding:2rem;background:#fff;border-radius:12px;box-shadow:0 2px 12px #0002}
.sum{font-size:2rem;font-weight:700;margin:.2rem 0 1rem}.note{color:#b3261e;font-weight:600}.soft{color:#5b6178}
button{display:block;width:100%;padding:.8rem;margin-top:.7rem;border:1px solid #c7cad6;border-radius:8px;background:#fff;font:inherit}
button[value=pay]{background:var(--brand);border-color:var(--brand);color:#fff;font-weight:700}
"""


def _html(page: PaymentPage) -> str:
    buttons = (
        f'<form method="post"><button name="outcome" value="pay">{escape(page.pay)}</button>'
        '<button name="outcome" value="decline">Use a card that is declined</button>'
        '<button name="outcome" value="back">Back to the shop</button></form>'
        if page.open
        else '<p class="note">This page is closed.</p>'
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(page.company)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>:root{{--brand:{page.colour}}}{STYLE}</style></head><body>"
        f"<header>{escape(page.company)} &middot; stand-in, no real money</header><main><h1>{escape(page.title)}</h1>"
        f'<p class="sum">{escape(page.sum)}</p><p class="soft">{escape(page.email)}</p>'
        f'<p class="note" role="status">{escape(page.note)}</p>{buttons}</main></body></html>'
    )
