"""Lines of LLVM text on vectors of W reals, one patient a lane; and exp and log, which LLVM has only for scalars.

Nothing here lets a lane see its neighbour: no branch on a value, no horizontal operation, no fast-math flag. Fused
multiply-adds are written out where they are wanted, so that the compiler has no choice to make.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

REUSE_WINDOW = 24  # a loaded value is loaded again when it was last used longer ago: 32 registers hold no more


@dataclass(frozen=True)
class Format:
    """A floating-point format of IEEE 754, and the numbers from which exp and log are made in it.

    Attributes:
        element, integer: LLVM's names of the number and of the integer of the same size.
        bits, mantissa, bias: sizes in bits, and the bias of the exponent.
        exp_range: beyond, e^x is infinite or 0.
        ln2: ln 2 in two parts, the first with so few bits that its product with any exponent is exact.
        exp_series: 1/k!, as many as |r| <= ln(2)/2 asks for.
        log_series: ln(1+f) = 2 artanh(s), s = f / (2 + f): minimax coefficients of s^2, s^4, ... on
            1/sqrt(2) <= 1+f <= sqrt(2).
        sqrt_half: the bits of 1/sqrt(2).
        tiny: the least normal number.
    """

    element: str
    integer: str
    bits: int
    mantissa: int
    bias: int
    exp_range: tuple[float, float]
    ln2: tuple[float, float]
    exp_series: tuple[float, ...]
    log_series: tuple[float, ...]
    sqrt_half: int
    tiny: float

    @property
    def round(self) -> float:
        """1.5 * 2^mantissa: adding it rounds to an integer, kept in the low bits."""
        return 1.5 * 2.0**self.mantissa

    @property
    def round_bits(self) -> int:
        """The bits of ``round``."""
        return (self.bias + self.mantissa) << self.mantissa | 1 << (self.mantissa - 1)


def _factorials(terms: int) -> tuple[float, ...]:
    return tuple(1.0 / math.factorial(k) for k in range(terms))


# The coefficients of the logarithms are those published with the C library of Sun Microsystems (errors below 2^-58
# and 2^-34).
DOUBLE = Format(
    element="double",
    integer="i64",
    bits=64,
    mantissa=52,
    bias=1023,
    exp_range=(-746.0, 710.0),
    ln2=(6.93147180369123816490e-01, 1.90821492927058770002e-10),
    exp_series=_factorials(14),  # the remainder after r^13 is below 2^-57
    log_series=(
        *(6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01),
        *(1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01),
    ),
    sqrt_half=0x3FE6A09E667F3BCD,
    tiny=2.2250738585072014e-308,
)
SINGLE = Format(
    element="float",
    integer="i32",
    bits=32,
    mantissa=23,
    bias=127,
    exp_range=(-104.0, 89.0),
    ln2=(6.9313812256e-01, 9.0580006145e-06),
    exp_series=_factorials(8),  # the remainder after r^7 is below 2^-27
    log_series=(0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841),
    sqrt_half=0x3F3504F3,
    tiny=1.1754943508222875e-38,
)


@dataclass(frozen=True)
class Lanes:
    """The vector type of a machine: ``width`` numbers, with or without a fused multiply-add."""

    width: int
    fused: bool
    format: Format = DOUBLE

    def narrowed(self) -> Lanes:
        """Vectors of the same size in single precision: twice as many lanes."""
        return Lanes(2 * self.width, self.fused, SINGLE)

    @property
    def real(self) -> str:
        return f"<{self.width} x {self.format.element}>"

    @property
    def integer(self) -> str:
        return f"<{self.width} x {self.format.integer}>"

    def constant(self, value: float) -> str:
        """A literal with ``value`` in every lane, to the last bit of the format (LLVM writes both as doubles)."""
        if self.format is SINGLE:
            value = float(np.float32(value))
        bits = struct.unpack("<Q", struct.pack("<d", value))[0]
        return "<" + ", ".join([f"{self.format.element} 0x{bits:016X}"] * self.width) + ">"

    def whole(self, value: int) -> str:
        """An integer literal with ``value`` in every lane."""
        return "<" + ", ".join([f"{self.format.integer} {value}"] * self.width) + ">"

    @property
    def suffix(self) -> str:
        """How LLVM's intrinsics for these vectors end."""
        return f"v{self.width}f{self.format.bits}"

    def declarations(self) -> str:
        """The intrinsics that the text below uses; each becomes one instruction."""
        real, suffix = self.real, self.suffix
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
        return self.put(
            f"load {self.lanes.real}, ptr {self.address(pointer, index)}, align {self.lanes.format.bits // 8}"
        )

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
        self.do(
            f"store {self.lanes.real} {value}, ptr {self.address(pointer, index)}, align {self.lanes.format.bits // 8}"
        )

    def broadcast(self, pointer: str, index: int | str) -> str:
        """The number at ``index`` of a plain table, in every lane."""
        element = self.lanes.format.element
        address = self.put(f"getelementptr {element}, ptr {pointer}, i64 {index}")
        scalar = self.put(f"load {element}, ptr {address}, align {self.lanes.format.bits // 8}")
        real, width = self.lanes.real, self.lanes.width
        single = self.put(f"insertelement {real} poison, {element} {scalar}, i32 0")
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
        return self.call(f"llvm.{name}.{self.lanes.suffix}", *arguments)

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


LOG2_E = 1.4426950408889634


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
    constant, form = body.constant, body.lanes.format
    least, greatest = form.exp_range
    x = body.choose("ogt", given, constant(greatest), constant(greatest), given)
    x = body.choose("olt", x, constant(least), constant(least), x)
    shifted = body.fma(x, constant(LOG2_E), constant(form.round))
    power = body.integer("sub", body.to_bits(shifted), form.round_bits)
    whole = body.subtract(shifted, constant(form.round))
    r = body.fma(whole, constant(-form.ln2[0]), x)
    if low:  # the product above is exact; what follows rounds
        r = body.add(r, body.fma(whole, constant(-form.ln2[1]), low))
    else:
        r = body.fma(whole, constant(-form.ln2[1]), r)
    total = polynomial(body, form.exp_series, r)
    # 2^n in two factors, so that results near the ends of the range are reached without a detour over infinity
    half = body.integer("ashr", power, 1)
    for part in (half, body.integer("sub", power, half)):
        scale = body.from_bits(body.integer("shl", body.integer("add", part, form.bias), form.mantissa))
        total = body.multiply(total, scale)
    return total


def logarithm(lanes: Lanes) -> str:
    """``@vector_log``: ln(x) to within 1 unit in the last place; -inf at 0, NaN below."""
    body, constant, form = Body(lanes), lanes.constant, lanes.format
    lift = form.mantissa + 2  # powers of two by which a subnormal number is lifted
    x = body.choose("olt", "%x", constant(form.tiny), body.multiply("%x", constant(2.0**lift)), "%x")
    shift = body.choose("olt", "%x", constant(form.tiny), constant(-float(lift)), constant(0.0))
    bits = body.to_bits(x)
    power = body.integer("ashr", body.integer("sub", bits, form.sqrt_half), form.mantissa)
    mantissa = body.from_bits(body.integer("sub", bits, body.integer("shl", power, form.mantissa)))
    k = body.subtract(body.from_bits(body.integer("add", power, form.round_bits)), constant(form.round))
    k = body.add(k, shift)
    f = body.subtract(mantissa, constant(1.0))
    s = body.divide(f, body.add(f, constant(2.0)))
    z = body.multiply(s, s)
    series = polynomial(body, form.log_series, z)
    half_square = body.multiply(body.multiply(f, f), constant(0.5))
    inner = body.multiply(s, body.fma(series, z, half_square))
    inner = body.fma(k, constant(form.ln2[1]), inner)
    result = body.fma(k, constant(form.ln2[0]), body.subtract(f, body.subtract(half_square, inner)))
    result = body.choose("oeq", "%x", constant(float("inf")), "%x", result)
    result = body.choose("oeq", "%x", constant(0.0), constant(float("-inf")), result)
    result = body.choose("ult", "%x", constant(0.0), constant(float("nan")), result)
    body.do(f"ret {lanes.real} {result}")
    return body.function(f"internal {lanes.real} @vector_log({lanes.real} %x)")
