"""Row 3: products (pharmacokinetics and effects as data) and regimens (dose, start, stop, schedule)."""

from charcot.treatments.library import product_problems, products
from charcot.treatments.product import Product
from charcot.treatments.regimen import Regimen

__all__ = ["Product", "Regimen", "product_problems", "products"]
