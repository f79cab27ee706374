"""SciPy: LSODA with the exact Jacobian, rates in machine code; restarted at every dose."""

from __future__ import annotations

from peers.scipy_bdf import Peer as Bdf

NAME = "SciPy LSODA"
INSTALL = "pip install scipy"


class Peer(Bdf):
    method = "LSODA"
