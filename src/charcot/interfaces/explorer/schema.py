"""``python -m charcot.interfaces.explorer.schema`` prints the schema that the pages' typed client is made from."""

from __future__ import annotations

import json
import sys

from charcot.interfaces.explorer.server import make_app


def schema_text() -> str:
    """The OpenAPI schema as text that changes only when the server's answers do."""
    content = make_app(frozenset(), warm=False).openapi()
    content["info"].pop("version", None)
    return json.dumps({**content, "info": {**content["info"], "version": "1"}}, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
