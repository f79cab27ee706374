"""Transport back to the cell body (row 2): dynein carries autophagosomes and the trophic signal of the muscle."""

from charcot.model.mechanism import mechanism


@mechanism(row="2 axonal transport")
def retrograde_transport(dynein_competence, axon_transport_factor):
    """Dynein carries back what the ending sends; what slows the motors of mRNA slows it too, before neurons are lost.

    Equation: retrograde = competence * product of what slows transport, one in health

    Sources: kieran2005, fumagalli2021
    """
    return {"axon.retrograde": dynein_competence * axon_transport_factor}


@mechanism(row="6 proteostasis")
def autophagy(axon_retrograde, autophagy_capacity, autophagy_share_of_clearance, autophagy_by_retrograde):
    """Aggregates are cleared by autophagy, whose vesicles ripen on their way back to the cell body.

    Equation: clearance factor = 1 - a + a c (1 - w + w retrograde), c the capacity of autophagy

    Sources: scotter2014, barmada2014
    """
    ripe = 1 - autophagy_by_retrograde + autophagy_by_retrograde * axon_retrograde
    return {
        "proteostasis.clearance_factor": 1
        - autophagy_share_of_clearance
        + autophagy_share_of_clearance * autophagy_capacity * ripe
    }


@mechanism(row="8 NMJ and motor units")
def trophic_signal(axon_retrograde, pool_vulnerability_by_lost_signal):
    """Neurons that hear less from their muscle are more vulnerable.

    Equation: vulnerability factor = 1 + t (1 - retrograde)

    Sources: simoes2025
    Against: kieran2005
    """
    return {"pool.vulnerability_factor": 1 + pool_vulnerability_by_lost_signal * (1 - axon_retrograde)}
