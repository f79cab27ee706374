"""Sine, cosine, arctangent, floor and the general power as LLVM text on vectors: for the programs that use them.

The rules of :mod:`charcot.engine.vector` hold: no branch on a value, no lane that sees another, the same bits on every
call. Where a rounding error would be magnified (a large angle, a large exponent) numbers are kept as unevaluated sums
of two doubles, which is why these functions exist in double precision only. The polynomials are those published with
the C library of Sun Microsystems.
"""

from __future__ import annotations

from collections.abc import Callable

from charcot.engine.vector import DOUBLE, Body, Lanes, exponential_of, polynomial

LN2_HIGH, LN2_LOW = DOUBLE.ln2
ROUND, ROUND_BITS, TINY = DOUBLE.round, DOUBLE.round_bits, DOUBLE.tiny
LOG_SERIES, SQRT_HALF_BITS = DOUBLE.log_series, DOUBLE.sqrt_half
TWO_54 = 2.0**54
INFINITY, NOT_A_NUMBER = float("inf"), float("nan")
TWO_52 = 4503599627370496.0
SPLIT = 134217729.0  # 2^27 + 1: splits a double into two halves whose products are exact

TWO_OVER_PI = 6.36619772367581382433e-01
HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33)  # their sum has 160 bits
LARGEST_ANGLE = 2.0**40  # beyond, the reduction loses digits: the answer is NaN, not a guess

# (sin(r) - r) / r^3 and (cos(r) - 1 + r^2/2) / r^4 as series of r^2, for |r| <= pi/4
SINE_SERIES = (
    *(-1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04),
    *(2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10),
)
COSINE_SERIES = (
    *(4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05),
    *(-2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11),
)
# (x - arctan(x)) / x^3 as a series of x^2, for |x| <= 7/16
ARCTANGENT_SERIES = (
    *(3.33333333333329318027e-01, -1.99999999998764832476e-01, 1.42857142725034663711e-01),
    *(-1.11111104054623557880e-01, 9.09088713343650656196e-02, -7.69187620504482999495e-02),
    *(6.66107313738753120669e-02, -5.83357013379057348645e-02, 4.97687799461593236017e-02),
    *(-3.65315727442169155270e-02, 1.62858201153657823623e-02),
)
# from x on, arctan(x) = angle + arctan((x - t) / (1 + t x)) with t = tan(angle): (x, t, angle high, angle low)
ARCTANGENT_STEPS = (
    (0.4375, 0.5, 4.63647609000806093515e-01, 2.26987774529616870924e-17),
    (0.6875, 1.0, 7.85398163397448278999e-01, 3.06161699786838301793e-17),
    (1.1875, 1.5, 9.82793723247329054082e-01, 1.39033110312309984516e-17),
)
LAST_STEP, HALF_PI_HIGH, HALF_PI_LOW = 2.4375, 1.57079632679489655800e00, 6.12323399573676603587e-17


def _exact_product(body: Body, a: str, b: str) -> tuple[str, str]:
    """(p, e) with p the rounded product and p + e the exact one; both factors below 2^990."""
    product = body.multiply(a, b)
    if body.lanes.fused:
        return product, body.fma(a, b, body.negate(product))
    (a_high, a_low), (b_high, b_low) = _halves(body, a), _halves(body, b)
    error = body.subtract(body.multiply(a_high, b_high), product)
    error = body.add(error, body.multiply(a_high, b_low))
    error = body.add(error, body.multiply(a_low, b_high))
    return product, body.add(error, body.multiply(a_low, b_low))


def _halves(body: Body, a: str) -> tuple[str, str]:
    scaled = body.multiply(a, body.constant(SPLIT))
    high = body.subtract(scaled, body.subtract(scaled, a))
    return high, body.subtract(a, high)


def _exact_sum(body: Body, large: str, small: str) -> tuple[str, str]:
    """(s, e) with s the rounded sum and s + e the exact one, for |large| >= |small| or large = 0."""
    total = body.add(large, small)
    return total, body.subtract(small, body.subtract(total, large))


# angles ------------------------------------------------------------------------------------------------------------


def sine(lanes: Lanes) -> str:
    """``@vector_sine``: to within 1 unit in the last place or so for |x| <= 2^40; NaN beyond."""
    return _of_angle(lanes, "vector_sine", quarter_turns=0)


def cosine(lanes: Lanes) -> str:
    """``@vector_cosine``: to within 1 unit in the last place or so for |x| <= 2^40; NaN beyond."""
    return _of_angle(lanes, "vector_cosine", quarter_turns=1)


def _of_angle(lanes: Lanes, name: str, quarter_turns: int) -> str:
    """sin(x + quarter_turns pi/2): reduce x to |r| <= pi/4 and a quadrant, then take the series of that quadrant."""
    body = Body(lanes)
    constant = lanes.constant
    shifted = body.fma("%x", constant(TWO_OVER_PI), constant(ROUND))
    whole = body.subtract(shifted, constant(ROUND))
    quadrant = body.integer("add", body.to_bits(shifted), quarter_turns)
    r, tail = _reduced(body, "%x", whole)
    swap = body.integer_is_odd(quadrant)
    value = body.pick(swap, _cosine_series(body, r, tail), _sine_series(body, r, tail))
    sign = body.integer("shl", body.integer("and", quadrant, 2), 62)
    value = body.from_bits(body.integer("xor", body.to_bits(value), sign))
    small = body.choose("ole", body.absolute("%x"), constant(LARGEST_ANGLE), value, constant(NOT_A_NUMBER))
    body.do(f"ret {lanes.real} {small}")
    return body.function(f"internal {lanes.real} @{name}({lanes.real} %x)")


def _reduced(body: Body, x: str, whole: str) -> tuple[str, str]:
    """x - whole pi/2 as a sum of two doubles. The first difference is exact: its last bit is not below that of x."""
    high, low = _exact_product(body, whole, body.constant(HALF_PI[0]))
    first = body.subtract(body.subtract(x, high), low)
    second, second_low = _exact_product(body, whole, body.constant(HALF_PI[1]))
    r = body.subtract(first, second)
    back = body.add(r, second)  # what is lost in r, whichever of the two is the larger
    lost = body.subtract(body.subtract(first, back), body.subtract(second, body.subtract(back, r)))
    rest = body.multiply(whole, body.constant(HALF_PI[2]))
    return r, body.subtract(lost, body.add(second_low, rest))


def _sine_series(body: Body, r: str, tail: str) -> str:
    square = body.multiply(r, r)
    cube = body.multiply(square, r)
    rest = polynomial(body, SINE_SERIES[1:], square)
    inner = body.subtract(body.multiply(tail, body.constant(0.5)), body.multiply(cube, rest))
    inner = body.subtract(body.multiply(square, inner), tail)
    return body.subtract(r, body.fma(cube, body.constant(-SINE_SERIES[0]), inner))


def _cosine_series(body: Body, r: str, tail: str) -> str:
    square = body.multiply(r, r)
    rest = body.multiply(square, polynomial(body, COSINE_SERIES, square))
    half = body.multiply(square, body.constant(0.5))
    first = body.subtract(body.constant(1.0), half)
    lost = body.subtract(body.subtract(body.constant(1.0), first), half)
    correction = body.subtract(body.multiply(square, rest), body.multiply(r, tail))
    return body.add(first, body.add(lost, correction))


def arctangent(lanes: Lanes) -> str:
    """``@vector_arctangent``: to within 1 unit in the last place or so."""
    body = Body(lanes)
    constant = lanes.constant
    size = body.absolute("%x")
    above, below, high, low = size, constant(1.0), constant(0.0), constant(0.0)
    for start, tangent, angle_high, angle_low in ARCTANGENT_STEPS:
        beyond = body.compare("oge", size, constant(start))
        above = body.pick(beyond, body.subtract(size, constant(tangent)), above)
        below = body.pick(beyond, body.fma(size, constant(tangent), constant(1.0)), below)
        high, low = (
            body.pick(beyond, constant(angle_high), high),
            body.pick(beyond, constant(angle_low), low),
        )
    beyond = body.compare("oge", size, constant(LAST_STEP))
    above = body.pick(beyond, constant(-1.0), above)
    below = body.pick(beyond, size, below)
    high = body.pick(beyond, constant(HALF_PI_HIGH), high)
    low = body.pick(beyond, constant(HALF_PI_LOW), low)
    x = body.divide(above, below)
    square = body.multiply(x, x)
    bend = body.multiply(x, body.multiply(square, polynomial(body, ARCTANGENT_SERIES, square)))
    angle = body.subtract(high, body.subtract(body.subtract(bend, low), x))
    angle = body.choose("olt", "%x", constant(0.0), body.negate(angle), angle)
    body.do(f"ret {lanes.real} {angle}")
    return body.function(f"internal {lanes.real} @vector_arctangent({lanes.real} %x)")


# whole numbers and powers --------------------------------------------------------------------------------------------


def floor(lanes: Lanes) -> str:
    """``@vector_floor``: the largest whole number that is not above x."""
    body = Body(lanes)
    body.do(f"ret {lanes.real} {_floor(body, '%x')}")
    return body.function(f"internal {lanes.real} @vector_floor({lanes.real} %x)")


def _floor(body: Body, x: str) -> str:
    size = body.absolute(x)
    nearest = body.subtract(body.add(size, body.constant(TWO_52)), body.constant(TWO_52))
    nearest = body.choose("olt", x, body.constant(0.0), body.negate(nearest), nearest)
    down = body.choose("ogt", nearest, x, body.subtract(nearest, body.constant(1.0)), nearest)
    return body.choose("olt", size, body.constant(TWO_52), down, x)  # from 2^52 on every double is whole


def raised(lanes: Lanes) -> str:
    """``@vector_raised``: x^y by the rules of IEEE 754; off by 2 units in the last place, 20 near 1e-300 and 1e300."""
    body = Body(lanes)
    constant = lanes.constant
    size = body.absolute("%x")
    high, low = _logarithm_in_two(body, size)
    product, error = _exact_product(body, "%y", high)
    error = body.fma("%y", low, error)
    moderate = body.compare("olt", body.absolute(product), constant(746.0))
    error = body.pick(moderate, error, constant(0.0))
    value = exponential_of(body, product, error)

    whole = body.compare("oeq", _floor(body, "%y"), "%y")
    half = body.multiply("%y", constant(0.5))
    odd = body.compare("one", _floor(body, half), half)
    signed = body.pick(odd, body.negate(value), value)
    signed = body.pick(whole, signed, constant(NOT_A_NUMBER))
    value = body.choose("olt", "%x", constant(0.0), signed, value)
    value = body.choose("oeq", "%x", constant(1.0), constant(1.0), value)
    value = body.choose("oeq", "%y", constant(0.0), constant(1.0), value)
    body.do(f"ret {lanes.real} {value}")
    return body.function(f"internal {lanes.real} @vector_raised({lanes.real} %x, {lanes.real} %y)")


def _logarithm_in_two(body: Body, x: str) -> tuple[str, str]:
    """ln(x), x >= 0, as a sum of two doubles with some 60 good bits: y ln(x) must be good to the last bit of x^y."""
    constant = body.constant
    small = body.compare("olt", x, constant(TINY))
    scaled = body.pick(small, body.multiply(x, constant(TWO_54)), x)
    shift = body.pick(small, constant(-54.0), constant(0.0))
    bits = body.to_bits(scaled)
    power = body.integer("ashr", body.integer("sub", bits, SQRT_HALF_BITS), 52)
    mantissa = body.from_bits(body.integer("sub", bits, body.integer("shl", power, 52)))
    k = body.add(body.subtract(body.from_bits(body.integer("add", power, ROUND_BITS)), constant(ROUND)), shift)
    # ln(1 + f) = 2 artanh(s), s = f / (2 + f), with what s and 2 + f lose in rounding
    f = body.subtract(mantissa, constant(1.0))
    divisor, divisor_low = _exact_sum(body, constant(2.0), f)
    s = body.divide(f, divisor)
    back, back_low = _exact_product(body, s, divisor)
    left = body.subtract(body.subtract(f, back), back_low)
    s_low = body.divide(body.subtract(left, body.multiply(s, divisor_low)), divisor)
    z = body.multiply(s, s)
    series = body.multiply(z, polynomial(body, LOG_SERIES, z))
    tail = body.fma(s, series, body.add(s_low, s_low))
    high, lost = _exact_sum(body, body.multiply(k, constant(LN2_HIGH)), body.add(s, s))
    low = body.add(lost, body.fma(k, constant(LN2_LOW), tail))
    high, low = _exact_sum(body, high, low)
    high = body.choose("oeq", x, constant(0.0), constant(-INFINITY), high)
    high = body.choose("oeq", x, constant(INFINITY), constant(INFINITY), high)
    return body.choose("uno", x, x, x, high), low


LIBRARY: dict[str, Callable[[Lanes], str]] = {
    "sine": sine,
    "cosine": cosine,
    "arctangent": arctangent,
    "floor": floor,
    "raised": raised,
}
