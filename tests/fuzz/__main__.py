"""By hand: ``python -m tests.fuzz --minutes 10 [--seed 1000] [--only protocol]``."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter

from .targets import TARGETS, Found, attempt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1000, help="the first; each try takes the next")
    parser.add_argument("--only", choices=sorted(TARGETS), help="this target alone")
    asked = parser.parse_args()
    end, seed, tried, found = time.monotonic() + 60 * asked.minutes, asked.seed, 0, Counter[str]()
    while time.monotonic() < end:
        for target in [asked.only] if asked.only else TARGETS:
            tried += 1
            try:
                attempt(target, seed)
            except Found as error:
                cause = error.__cause__
                place = traceback.extract_tb(cause.__traceback__)[-1] if cause and cause.__traceback__ else None
                kind = (
                    f"{target}: {type(cause).__name__} at {place.filename}:{place.lineno}" if place else str(error)[:90]
                )
                found[kind] += 1
                if found[kind] == 1:
                    print(f"\n{target} {seed}: {str(error)[:1500]}")
                    print("".join(traceback.format_exception(cause)[-4:]) if cause else "", flush=True)
        seed += 1
    print(f"\n{tried:,} tries, {sum(found.values())} findings of {len(found)} kinds")
    for kind, count in found.most_common():
        print(f"{count:5}  {kind}")
    return 1 if found else 0


sys.exit(main())
