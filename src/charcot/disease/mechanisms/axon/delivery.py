"""Transport of messenger RNA along a real length (rows 1 and 2 of the mechanism table)."""

from charcot.model.algebra import exp, log, saturating, weighted
from charcot.model.mechanism import mechanism


@mechanism(row="2 axonal transport")
def transport(transport_granule_velocity, transport_competence, axon_transport_factor):
    """Motors carry mRNA granules; mutant proteins and condensates slow them, transport restorers raise their
    competence.

    Equation: v = v0 * competence * product of what slows

    Sources: millecamps2013
    """
    return {"axon.transport_velocity": transport_granule_velocity * transport_competence * axon_transport_factor}


@mechanism(row="2 axonal transport")
def slowing_by_condensate(transport_inhibition_by_condensate, axon_condensate_terminal):
    """TDP-43 condensates slow the motors.

    Equation: factor = 1 / (1 + a C)

    Sources: alami2014, ye2025
    """
    return {"axon.transport_factor": 1 / (1 + transport_inhibition_by_condensate * axon_condensate_terminal)}


@mechanism(row="1 local protein synthesis")
def delivery(
    axon_length,
    axon_length_lost_by_resistance,
    axon_transport_velocity,
    transport_mrna_half_life,
    translation_half_saturation_mrna,
    pool_alive,
    pool_least_weight,
    class_quantile,
):
    """What reaches a nerve ending falls exponentially with length, so the longest axons are supplied worst.

    Equation: M_k = exp(-ln2 L_k / (t_half v)), L_k = L (1 - b q_k): the axons of a region differ in length, and the
    classes that are lost first have the longest ones. supply = (1 + K) M / (K + M).

    Sources: millecamps2013, kendir2012, dossier_axon
    """
    length = axon_length * (1 - axon_length_lost_by_resistance * class_quantile)
    arriving = exp(-1 * log(2) / transport_mrna_half_life * length / axon_transport_velocity)
    return {
        "axon.supply": (1 + translation_half_saturation_mrna) * saturating(arriving, translation_half_saturation_mrna),
        "axon.mrna_terminal": weighted(arriving, pool_alive, pool_least_weight),
    }
