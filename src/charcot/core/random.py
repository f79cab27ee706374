"""Addressed randomness: the draw for (seed, patient, purpose) is the same whatever else is drawn.

A stream is a Philox generator whose 128-bit key is the BLAKE2b digest of its address, so that results do not
depend on the order of patients, on batch size, on workers or on the machine, and any patient can be re-run alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence


class _Key(ISeedSequence):
    """A key as it is. ``Philox(key=...)`` gives the same numbers, but first draws a seed that it never uses."""

    def __init__(self, words: np.ndarray) -> None:
        self.words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray:
        return self.words


def stream(seed: int, patient: int | str, purpose: str) -> np.random.Generator:
    """An independent random stream for one purpose of one patient.

    Args:
        seed: the run's seed.
        patient: the patient's identifier (or a trial's, a visit's: any address that has its own draws).
        purpose: what is drawn, in words, such as ``"tempo"`` or ``"visit noise"``.
    """
    address = f"{seed}\x1f{patient}\x1f{purpose}".encode()
    key = np.frombuffer(hashlib.blake2b(address, digest_size=16).digest(), dtype=np.uint64)
    return np.random.Generator(np.random.Philox(_Key(key)))  # type: ignore[arg-type]


def uniforms(seed: int, patients: Sequence[int | str] | np.ndarray, purpose: str) -> np.ndarray:
    """One uniform draw in (0, 1) for each patient, shape (patients,): the address hashed, nothing consumed.

    Made for many patients and one number each, where a generator per patient would cost more than the draw.
    """
    prefix, suffix = f"{seed}\x1f".encode(), f"\x1f{purpose}".encode()
    digests = b"".join(
        hashlib.blake2b(prefix + str(patient).encode() + suffix, digest_size=8).digest() for patient in patients
    )
    # 53 bits, centred in their bins, so that neither 0 nor 1 can come.
    return ((np.frombuffer(digests, dtype="<u8") >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53


def normals(seed: int, patients: Sequence[int | str] | np.ndarray, purpose: str) -> np.ndarray:
    """One standard normal draw for each patient, shape (patients,), by the inverse of the distribution."""
    from scipy.special import ndtri

    return np.asarray(ndtri(uniforms(seed, patients, purpose)))
