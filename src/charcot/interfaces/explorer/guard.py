"""Who may ask the server: this machine's own pages, and nothing else; what it answers carries a strict policy.

A page of the internet can make a browser send requests to 127.0.0.1 (cross-site requests, DNS rebinding). So the Host
must be this machine under the port that is served, an Origin must be the same, and a browser that says that a request
comes from another site is refused. Nothing is ever written, so that GET is known, and one POST: the text of a
protocol, too long for an address, which is read in memory. It must say its Origin, and its type is one that a page of
another site may not send without asking first, which is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_QUERY = 4_000  # bytes
TEXT_PATH, TEXT_TYPE, LONGEST_TEXT = "/api/trial/protocol", b"application/yaml", 65_536  # bytes
POLICY = (
    b"default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    b"object-src 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
LOCAL = ("127.0.0.1", "localhost", "[::1]")


def local_hosts(port: int) -> frozenset[str]:
    """The Host headers of this machine's own browser."""
    return frozenset(f"{name}:{port}" for name in LOCAL)


class Guard:
    """ASGI middleware: refuses strangers, and adds the headers to every answer."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self.app = app
        self.hosts = frozenset(hosts)
        self.origins = frozenset(f"http://{host}" for host in self.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        refused = self._refusal(scope)
        if refused is None:
            await self.app(scope, receive, answer)
            return
        status, words = refused
        content = json.dumps({"message": words, "problems": []}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await answer({"type": "http.response.start", "status": status, "headers": headers})
        await answer({"type": "http.response.body", "body": content})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """The status and the words of a refusal; none where the request is fine."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts = [value.decode("latin-1") for value in headers.get(b"host", [])]
        origins = [value.decode("latin-1") for value in headers.get(b"origin", [])]
        site = headers.get(b"sec-fetch-site", [b"none"])[-1]
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return 403, "This server answers the browser of this machine only: open the address that it printed."
        if any(origin not in self.origins for origin in origins):
            return 403, "A page of another site asked. This server answers its own pages only."
        if scope["path"].startswith("/api") and site not in (b"same-origin", b"none"):
            return 403, "A page of another site asked. This server answers its own pages only."
        if len(scope.get("query_string", b"")) > LONGEST_QUERY:
            return 414, f"The question is too long: {LONGEST_QUERY:,} characters at most."
        if scope["method"] == "POST" and scope["path"] == TEXT_PATH:
            return _text_refusal(headers)
        if scope["method"] != "GET":
            return 405, "Nothing can be changed here: this server knows GET only."
        if b"transfer-encoding" in headers or headers.get(b"content-length", [b"0"]) != [b"0"]:
            return 413, "A question has no body: nothing can be sent here."
        return None


def _text_refusal(headers: Mapping[bytes, list[bytes]]) -> tuple[int, str] | None:
    """Of the one request that has a body."""
    if not headers.get(b"origin"):
        return 403, "A text is taken from this server's own page only."
    kinds = [value.split(b";")[0].strip().lower() for value in headers.get(b"content-type", [])]
    if kinds != [TEXT_TYPE]:
        return 415, f"A protocol is sent as {TEXT_TYPE.decode()}."
    length = headers.get(b"content-length", [])
    if b"transfer-encoding" in headers or len(length) != 1 or not length[0].isdigit() or len(length[0]) > 12:
        return 411, "A text says how long it is."
    if int(length[0]) > LONGEST_TEXT:
        return 413, f"The text is too long: {LONGEST_TEXT:,} bytes at most. Run it with charcot trial FILE."
    return None
