"""Row 3: products (pharmacokinetics and effects as data) and regimens (dose, start, stop, schedule)."""

from charcot.treatments.library import DECLARED, product_problems, products
from charcot.treatments.product import Product
from charcot.treatments.regimen import Regimen, dose_of
from charcot.treatments.standing import (
    doubts,
    is_beyond,
    never_given,
    redosing,
    standing,
    standing_of_experiments,
    standing_words,
)

__all__ = [
    "DECLARED",
    "Product",
    "Regimen",
    "dose_of",
    "doubts",
    "is_beyond",
    "never_given",
    "product_problems",
    "products",
    "redosing",
    "standing",
    "standing_of_experiments",
    "standing_words",
]
