"""Transport of messenger RNA along a real length (rows 1 and 2 of the mechanism table)."""

from charcot.model.algebra import exp, last, log, saturating, upstream
from charcot.model.mechanism import mechanism


@mechanism(row="2 axonal transport")
def transport(transport_granule_velocity, transport_competence, axon_transport_factor):
    """Motors carry mRNA granules at a velocity that lesions lower, each by a factor, and transport restorers raise.

    Equation: v = v0 competence factor

    Sources: millecamps2013
    """
    return {"axon.transport_velocity": transport_granule_velocity * transport_competence * axon_transport_factor}


@mechanism(row="1 local protein synthesis")
def delivery(
    axon_mrna,
    axon_length,
    axon_transport_velocity,
    transport_mrna_half_life,
    translation_half_saturation_mrna,
    segment_count,
):
    """What reaches the nerve ending falls exponentially with length, so the longest axons are supplied worst.

    Equation: dM_s/dt = a M_(s-1) - (a + k) M_s with k = ln2 / t_half, a = k / (exp(k dx / v) - 1), M_0 = 1.
    The coefficient a, not v / dx, makes the steady state exactly exp(-k x / v) for any number of segments.

    Sources: millecamps2013, kendir2012, dossier_axon
    """
    loss = log(2) / transport_mrna_half_life
    step = axon_length / segment_count
    advance = loss / (exp(loss * step / axon_transport_velocity) - 1)
    supply = (1 + translation_half_saturation_mrna) * saturating(axon_mrna, translation_half_saturation_mrna)
    return {
        "d/dt axon.mrna": advance * upstream(axon_mrna, 1) - (advance + loss) * axon_mrna,
        "axon.supply": supply,
        "axon.mrna_terminal": last(axon_mrna),
    }
