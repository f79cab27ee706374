"""A process of its own that draws: one Vega-Lite specification in, one SVG out, until its input ends.

The renderer holds a whole JavaScript engine, which aborts its process where memory is short. Here that costs a picture,
and no run. The file is run as it stands and imports nothing of ours, so that it starts quickly.
"""

import json
import sys


def serve() -> None:
    """Answer each line ``{"specification", "version"}`` with a line ``{"svg"}`` or ``{"error"}``."""
    import vl_convert

    known = vl_convert.get_vegalite_versions()
    for line in sys.stdin:
        asked = json.loads(line)
        version = asked["version"] if asked["version"] in known else None  # None: the newest
        try:
            svg = vl_convert.vegalite_to_svg(asked["specification"], vl_version=version, allowed_base_urls=[])
            answer = {"svg": svg}
        except Exception as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
