"""Lines of LLVM text on vectors of W doubles, one patient a lane; and exp and log, which LLVM has only for scalars.

Nothing here lets a lane see its neighbour: no branch on a value, no horizontal operation, no fast-math flag. Fused
multiply-adds are written out where they are wanted, so that the compiler has no choice to make.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

REUSE_WINDOW = 24  # a loaded value is loaded again when it was last used longer ago: 32 registers hold no more


@dataclass(frozen=True)
class Lanes:
    """The vector type of a machine: ``width`` doubles, with or without a fused multiply-add."""

    width: int
    fused: bool

    @property
    def real(self) -> str:
        return f"<{self.width} x double>"

    @property
    def integer(self) -> str:
        return f"<{self.width} x i64>"

    def constant(self, value: float) -> str:
        """A literal with ``value`` in every lane, to the last bit."""
        bits = struct.unpack("<Q", struct.pack("<d", value))[0]
        return "<" + ", ".join([f"double 0x{bits:016X}"] * self.width) + ">"

    def whole(self, value: int) -> str:
        """An integer literal with ``value`` in every lane."""
        return "<" + ", ".join([f"i64 {value}"] * self.width) + ">"

    def declarations(self) -> str:
        """The intrinsics that the text below uses; each becomes one instruction."""
        suffix = f"v{self.width}f64"
        real = self.real
        return "\n".join(
            [
                f"declare {real} @llvm.fma.{suffix}({real}, {real}, {real})",
                f"declare {real} @llvm.fabs.{suffix}({real})",
                f"declare {real} @llvm.sqrt.{suffix}({real})",
            ]
        )


class Body:
    """The body of one function under construction; every method returns the name of the value it makes."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.lines: list[str] = []
        self.block = "entry"
        self._serial = 0
        self._recent: dict[tuple[str, int], tuple[str, int]] = {}

    def fresh(self) -> str:
        self._serial += 1
        return f"%v{self._serial}"

    def put(self, text: str) -> str:
        """Add ``text`` as the definition of a new value."""
        name = self.fresh()
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """Add a line that makes no value."""
        self.lines.append(f"  {text}")

    def constant(self, value: float) -> str:
        return self.lanes.constant(value)

    # memory ----------------------------------------------------------------------------------------------------

    def address(self, pointer: str, index: int | str) -> str:
        """The address of vector ``index`` of a table."""
        if index == 0:
            return pointer
        return self.put(f"getelementptr {self.lanes.real}, ptr {pointer}, i64 {index}")

    def load(self, pointer: str, index: int | str = 0) -> str:
        return self.put(f"load {self.lanes.real}, ptr {self.address(pointer, index)}, align 8")

    def recall(self, pointer: str, index: int) -> str:
        """Load vector ``index``, or reuse it when it was loaded or stored a moment ago."""
        known = self._recent.get((pointer, index))
        if known is not None and self._serial - known[1] < REUSE_WINDOW:
            return self.remember(pointer, index, known[0])
        return self.remember(pointer, index, self.load(pointer, index))

    def remember(self, pointer: str, index: int, value: str) -> str:
        self._recent[pointer, index] = (value, self._serial)
        return value

    def store(self, value: str, pointer: str, index: int | str = 0) -> None:
        self.do(f"store {self.lanes.real} {value}, ptr {self.address(pointer, index)}, align 8")

    def broadcast(self, pointer: str, index: int | str) -> str:
        """The double at ``index`` of a plain table, in every lane."""
        address = self.put(f"getelementptr double, ptr {pointer}, i64 {index}")
        scalar = self.put(f"load double, ptr {address}, align 8")
        real, width = self.lanes.real, self.lanes.width
        single = self.put(f"insertelement {real} poison, double {scalar}, i32 0")
        return self.put(f"shufflevector {real} {single}, {real} poison, <{width} x i32> zeroinitializer")

    # arithmetic ------------------------------------------------------------------------------------------------

    def binary(self, operation: str, a: str, b: str) -> str:
        return self.put(f"{operation} {self.lanes.real} {a}, {b}")

    def add(self, a: str, b: str) -> str:
        return self.binary("fadd", a, b)

    def subtract(self, a: str, b: str) -> str:
        return self.binary("fsub", a, b)

    def multiply(self, a: str, b: str) -> str:
        return self.binary("fmul", a, b)

    def divide(self, a: str, b: str) -> str:
        return self.binary("fdiv", a, b)

    def negate(self, a: str) -> str:
        return self.put(f"fneg {self.lanes.real} {a}")

    def fma(self, a: str, b: str, c: str) -> str:
        """a b + c, rounded once where the machine can."""
        if not self.lanes.fused:
            return self.add(self.multiply(a, b), c)
        return self._intrinsic("fma", a, b, c)

    def absolute(self, a: str) -> str:
        return self._intrinsic("fabs", a)

    def square_root(self, a: str) -> str:
        return self._intrinsic("sqrt", a)

    def _intrinsic(self, name: str, *arguments: str) -> str:
        return self.call(f"llvm.{name}.v{self.lanes.width}f64", *arguments)

    def call(self, name: str, *arguments: str) -> str:
        real = self.lanes.real
        return self.put(f"call {real} @{name}({', '.join(f'{real} {a}' for a in arguments)})")

    def compare(self, condition: str, a: str, b: str) -> str:
        """A mask of the lanes where ``a condition b`` holds (an LLVM comparison such as ``olt``)."""
        return self.put(f"fcmp {condition} {self.lanes.real} {a}, {b}")

    def pick(self, mask: str, if_true: str, otherwise: str) -> str:
        """``if_true`` in the lanes of a mask, ``otherwise`` in the others."""
        real, width = self.lanes.real, self.lanes.width
        return self.put(f"select <{width} x i1> {mask}, {real} {if_true}, {real} {otherwise}")

    def choose(self, condition: str, a: str, b: str, if_true: str, otherwise: str) -> str:
        """``if_true`` in the lanes where ``a condition b`` holds."""
        return self.pick(self.compare(condition, a, b), if_true, otherwise)

    def least(self, a: str, b: str) -> str:
        """The smaller; NaN where either is NaN."""
        return self.choose("uno", a, a, a, self.choose("olt", a, b, a, b))

    def greatest(self, a: str, b: str) -> str:
        """The larger; NaN where either is NaN."""
        return self.choose("uno", a, a, a, self.choose("ogt", a, b, a, b))

    # integers --------------------------------------------------------------------------------------------------

    def to_bits(self, a: str) -> str:
        return self.put(f"bitcast {self.lanes.real} {a} to {self.lanes.integer}")

    def from_bits(self, a: str) -> str:
        return self.put(f"bitcast {self.lanes.integer} {a} to {self.lanes.real}")

    def integer(self, operation: str, a: str, b: str | int) -> str:
        right = self.lanes.whole(b) if isinstance(b, int) else b
        return self.put(f"{operation} {self.lanes.integer} {a}, {right}")

    def integer_is_odd(self, a: str) -> str:
        """A mask of the lanes where an integer is odd."""
        return self.put(f"trunc {self.lanes.integer} {a} to <{self.lanes.width} x i1>")

    # text ------------------------------------------------------------------------------------------------------

    def function(self, head: str) -> str:
        """The finished function; ``head`` is everything before the opening brace."""
        return "\n".join([f"define {head} {{", "entry:", *self.lines, "}"])


ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer, kept in the low bits
ROUND_BITS = struct.unpack("<q", struct.pack("<d", ROUND))[0]
LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # exact product with any exponent

# 1/k!: on |r| <= ln(2)/2 the remainder after r^13 is below 2^-57
EXP_SERIES = tuple(1.0 / math.factorial(k) for k in range(14))

# ln(1+f) = 2 artanh(s), s = f / (2 + f): minimax coefficients of s^2, s^4, ... on 1/sqrt(2) <= 1+f <= sqrt(2), as
# published with the C library of Sun Microsystems (error below 2^-58)
LOG_SERIES = (
    *(6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01),
    *(1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01),
)
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
TINY, TWO_54 = 2.2250738585072014e-308, 18014398509481984.0


def polynomial(body: Body, coefficients: Sequence[float], x: str) -> str:
    """sum_k coefficients[k] x^k by pairs (Estrin), so that the multiply-adds do not all wait for each other."""
    terms = [body.constant(c) for c in coefficients]
    while len(terms) > 1:
        pairs = zip(terms[::2], terms[1::2], strict=False)
        odd = terms[-1:] if len(terms) % 2 else []
        terms = [body.fma(high, x, low) for low, high in pairs] + odd
        if len(terms) > 1:
            x = body.multiply(x, x)
    return terms[0]


def exponential(lanes: Lanes) -> str:
    """``@vector_exp``: e^x to within 1 unit in the last place or so, with overflow to infinity and underflow to 0."""
    body = Body(lanes)
    body.do(f"ret {lanes.real} {exponential_of(body, '%x')}")
    return body.function(f"internal {lanes.real} @vector_exp({lanes.real} %x)")


def exponential_of(body: Body, given: str, low: str = "") -> str:
    """e^x, or e^(x + low) with ``low`` less than the last bit or two of x."""
    lanes = body.lanes
    x = body.choose("ogt", given, lanes.constant(710.0), lanes.constant(710.0), given)
    x = body.choose("olt", x, lanes.constant(-746.0), lanes.constant(-746.0), x)
    shifted = body.fma(x, lanes.constant(LOG2_E), lanes.constant(ROUND))
    power = body.integer("sub", body.to_bits(shifted), ROUND_BITS)
    whole = body.subtract(shifted, lanes.constant(ROUND))
    r = body.fma(whole, lanes.constant(-LN2_HIGH), x)
    if low:  # the product above is exact; what follows rounds
        r = body.add(r, body.fma(whole, lanes.constant(-LN2_LOW), low))
    else:
        r = body.fma(whole, lanes.constant(-LN2_LOW), r)
    total = polynomial(body, EXP_SERIES, r)
    # 2^n in two factors, so that results near the ends of the range are reached without a detour over infinity
    half = body.integer("ashr", power, 1)
    for part in (half, body.integer("sub", power, half)):
        scale = body.from_bits(body.integer("shl", body.integer("add", part, 1023), 52))
        total = body.multiply(total, scale)
    return total


def logarithm(lanes: Lanes) -> str:
    """``@vector_log``: ln(x) to within 1 unit in the last place; -inf at 0, NaN below."""
    body = Body(lanes)
    constant = lanes.constant
    x = body.choose("olt", "%x", constant(TINY), body.multiply("%x", constant(TWO_54)), "%x")
    shift = body.choose("olt", "%x", constant(TINY), constant(-54.0), constant(0.0))
    bits = body.to_bits(x)
    power = body.integer("ashr", body.integer("sub", bits, SQRT_HALF_BITS), 52)
    mantissa = body.from_bits(body.integer("sub", bits, body.integer("shl", power, 52)))
    k = body.subtract(body.from_bits(body.integer("add", power, ROUND_BITS)), constant(ROUND))
    k = body.add(k, shift)
    f = body.subtract(mantissa, constant(1.0))
    s = body.divide(f, body.add(f, constant(2.0)))
    z = body.multiply(s, s)
    series = polynomial(body, LOG_SERIES, z)
    half_square = body.multiply(body.multiply(f, f), constant(0.5))
    inner = body.multiply(s, body.fma(series, z, half_square))
    inner = body.fma(k, constant(LN2_LOW), inner)
    result = body.fma(k, constant(LN2_HIGH), body.subtract(f, body.subtract(half_square, inner)))
    result = body.choose("oeq", "%x", constant(float("inf")), "%x", result)
    result = body.choose("oeq", "%x", constant(0.0), constant(float("-inf")), result)
    result = body.choose("ult", "%x", constant(0.0), constant(float("nan")), result)
    body.do(f"ret {lanes.real} {result}")
    return body.function(f"internal {lanes.real} @vector_log({lanes.real} %x)")
