"""Addressed randomness: the draw for (seed, patient, purpose) is the same whatever else is drawn.

A stream is a Philox generator whose 128-bit key is the BLAKE2b digest of its address, so that results do not
depend on the order of patients, on batch size, on workers or on the machine, and any patient can be re-run alone.
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, patient: int | str, purpose: str) -> np.random.Generator:
    """An independent random stream for one purpose of one patient.

    Args:
        seed: the run's seed.
        patient: the patient's identifier (or a trial's, a visit's: any address that has its own draws).
        purpose: what is drawn, in words, such as ``"tempo"`` or ``"visit noise"``.
    """
    address = f"{seed}\x1f{patient}\x1f{purpose}".encode()
    key = np.frombuffer(hashlib.blake2b(address, digest_size=16).digest(), dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
