"""``charcot explore``: the explorer in the browser of this machine."""

from __future__ import annotations

import contextlib
import socket
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from charcot.core.errors import Problem, Problems
from charcot.interfaces.cli.options import AsJson
from charcot.interfaces.cli.talk import Talk

HOST = "127.0.0.1"


def explore(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on this machine; 0 takes a free one.")
    ] = 8710,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE.html", help="Write one offline file instead of serving.")
    ] = None,
    as_json: AsJson = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, open no browser.")] = False,
) -> None:
    """Show the disease run: an explorer in the browser, on this machine alone, without any network."""
    talk = Talk(as_json)
    if export is not None:
        _export(talk, export)
        return
    with contextlib.closing(_listen(port)) as door:
        address = f"http://{HOST}:{door.getsockname()[1]}/"
        talk.say(f"The explorer is at {address} until you press Ctrl-C. It answers this machine only.")
        talk.data({"ok": True, "address": address})
        sys.stdout.flush()
        if not no_browser:
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(address)
        _serve(door)
    talk.say("The explorer has stopped.")


def _export(talk: Talk, path: Path) -> None:
    """The pages with answers over a grid, in one file."""
    from charcot.interfaces import runs
    from charcot.interfaces.explorer.export import Grid, page

    runs.check_places(files=[path])
    grid = Grid()
    with talk.stage(f"Simulating {grid.size} people in every arm", total=grid.size) as advance:
        text = page(grid, advance)
    runs.write_text(path, text)
    talk.data({"ok": True, "file": str(path), "bytes": len(text.encode())})
    talk.show(f"Written: {path} ({len(text.encode()) / 1e6:.1f} MB). It opens by a double click.")


def _listen(port: int) -> socket.socket:
    """A socket on the loopback, bound before anything slow; raises :class:`Problems` when the port is taken."""
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((HOST, port))
        door.listen()  # a browser that comes before the server waits, and is not turned away
    except OSError as error:
        door.close()
        hint = "Choose another one (--port), or 0 for a free one."
        message = f"port {port} cannot be used ({error.strerror})"
        raise Problems([Problem("port-taken", message, None, hint)]) from None
    return door


def _serve(door: socket.socket) -> None:
    import uvicorn

    from charcot.interfaces.explorer.guard import local_hosts
    from charcot.interfaces.explorer.server import make_app

    app = make_app(local_hosts(door.getsockname()[1]))
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, lifespan="on",
                            timeout_graceful_shutdown=1)  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[door])
