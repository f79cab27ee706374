"""King's and MiToS stages, and involved regions, from the twelve ALSFRS-R item scores.

The mapping from items to stages is the field's standard one (Balendra 2014 for King's, Chiò 2015 for MiToS), written
from memory: what was read gives times of stages but not the rules. Two points are choices:

* The scale asks for cutting food with or without a gastrostomy; the simulated items do not say which. A gastrostomy
  is taken as present when swallowing is 1 or 0 (the anchors "needs supplementary tube feeding" and "nothing by
  mouth"), or when the caller says so.
* Nutritional failure is King's 4A and respiratory failure 4B; a patient with both is reported as 4B.
"""

from __future__ import annotations

import numpy as np

from charcot.clinic.observation import ITEM_MAXIMUM, ITEMS

KINGS_STAGES = ("0", "1", "2", "3", "4A", "4B")

# A region is involved when any of these items is below 4.
_KINGS_REGIONS = {
    "bulbar": ("speech", "salivation", "swallowing"),
    "upper_limb": ("handwriting", "cutting_food"),
    "lower_limb": ("walking",),
}
# For the number of body regions at diagnosis, breathing and trunk count as the thoracic region.
_BODY_REGIONS = {
    "bulbar": ("speech", "salivation", "swallowing"),
    "cervical": ("handwriting", "cutting_food"),
    "thoracic": ("turning_in_bed", "dyspnoea", "orthopnoea", "respiratory_insufficiency"),
    "lumbar": ("walking", "climbing_stairs"),
}
DEFINITE = 3  # involved regions that stand for a definite diagnosis where no signs are read
_TUBE_FEEDING = 1  # swallowing 1: "needs supplementary tube feeding"
_LOST = 1  # MiToS: a function is lost when its item is 1 or 0
_VENTILATED = 2  # MiToS: respiratory insufficiency 2: continuous non-invasive ventilation at night


def _item(items: np.ndarray, name: str) -> np.ndarray:
    return items[..., ITEMS.index(name)]  # type: ignore[no-any-return]


def _checked(items: np.ndarray) -> np.ndarray:
    items = np.asarray(items, dtype=float)
    if items.shape[-1] != len(ITEMS):
        raise ValueError(f"item scores have shape {items.shape}; the last axis must hold the {len(ITEMS)} items")
    return items


def _involved(items: np.ndarray, regions: dict[str, tuple[str, ...]]) -> np.ndarray:
    any_below = [np.any([_item(items, name) < ITEM_MAXIMUM for name in names], axis=0) for names in regions.values()]
    return np.sum(any_below, axis=0)  # type: ignore[no-any-return]


def involved_regions(items: np.ndarray) -> np.ndarray:
    """How many of the four body regions (bulbar, cervical, thoracic, lumbar) show a loss; (...,) from (..., 12)."""
    return _involved(_checked(items), _BODY_REGIONS)


def kings_stage(items: np.ndarray, gastrostomy: np.ndarray | None = None) -> np.ndarray:
    """King's stage as text: "0" (no loss), "1", "2", "3", "4A", "4B"; "" where an item is missing.

    Args:
        items: (..., 12) item scores.
        gastrostomy: (...,) bool; default: swallowing is 1 or 0.
    """
    items = _checked(items)
    feeding = _item(items, "swallowing") <= _TUBE_FEEDING if gastrostomy is None else np.asarray(gastrostomy)
    respiratory = (_item(items, "dyspnoea") == 0) | (_item(items, "respiratory_insufficiency") < ITEM_MAXIMUM)
    stage = np.array(KINGS_STAGES[:4])[_involved(items, _KINGS_REGIONS)]
    stage = np.where(respiratory, "4B", np.where(feeding, "4A", stage))
    return np.where(np.isnan(items).any(axis=-1), "", stage)


def mitos_stage(items: np.ndarray) -> np.ndarray:
    """MiToS stage, the number of lost domains 0 to 4 (death, stage 5, is not a score); NaN where an item is missing.

    Movement: walking or dressing <= 1. Swallowing <= 1. Communication: speech and handwriting <= 1. Breathing:
    dyspnoea <= 1 or respiratory insufficiency <= 2.
    """
    items = _checked(items)
    lost = {name: _item(items, name) <= _LOST for name in ITEMS}
    domains = [
        lost["walking"] | lost["dressing"],
        lost["swallowing"],
        lost["speech"] & lost["handwriting"],
        lost["dyspnoea"] | (_item(items, "respiratory_insufficiency") <= _VENTILATED),
    ]
    return np.where(np.isnan(items).any(axis=-1), np.nan, np.sum(domains, axis=0))
