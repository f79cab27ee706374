"""Transport of messenger RNA along a real length (rows 1 and 2 of the mechanism table)."""

from charcot.model.algebra import exp, last, log, saturating, upstream
from charcot.model.mechanism import mechanism


@mechanism(row="2 axonal transport")
def transport(
    transport_granule_velocity,
    transport_competence,
    transport_inhibition_by_dipeptide_repeat,
    transport_inhibition_by_sod1,
    c9orf72_dipeptide_repeat,
    soma_sod1_toxic,
    transport_inhibition_by_condensate,
    axon_condensate_mean,
    transport_inhibition_by_fus,
    genotype_fus_mutant,
    fus_synthesis,
):
    """Mutant proteins and TDP-43 condensates slow the motors that carry mRNA granules; transport restorers raise their
    competence.

    Equation: v = v0 * competence / ((1 + a_DPR * DPR) * (1 + a_SOD1 * Z) * (1 + a_C * C) * (1 + a_FUS * FUS))

    Sources: millecamps2013, bilsland2010, fumagalli2021, guo2017, alami2014, ye2025
    """
    slowing = (
        (1 + transport_inhibition_by_dipeptide_repeat * c9orf72_dipeptide_repeat)
        * (1 + transport_inhibition_by_sod1 * soma_sod1_toxic)
        * (1 + transport_inhibition_by_condensate * axon_condensate_mean)
        * (1 + transport_inhibition_by_fus * genotype_fus_mutant * fus_synthesis)
    )
    return {"axon.transport_velocity": transport_granule_velocity * transport_competence / slowing}


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
