"""Cranial motor neurons that resist: the nuclei of eye, jaw and face beside the hypoglossal one (row 8)."""

from charcot.model.mechanism import mechanism

BULBAR = "bulbar"


@mechanism(scope="person", row="8 NMJ and motor units")
def resistant_nuclei(
    cranial_healthy,
    cranial_recruited,
    pool_recruitment_rate,
    pool_death_rate,
    pool_recovery_rate,
    pool_ageing_rate,
    cranial_vulnerability,
):
    """Oculomotor, trigeminal and facial neurons share the brain stem of hypoglossal ones and outlive them.

    Equation: dh/dt = back x - (r recruit + k_age) h; dx/dt = r recruit h - (back + r kill + k_age) x, with the
    rates of the bulbar region and r the vulnerability of these nuclei. It stands for how far they lie beyond the
    most resistant spinal units in the order FF, FR, S, by which small neurons that fire steadily resist; what makes
    the order is not resolved. A read-out: the ALSFRS-R asks neither for eye movements nor for the face.

    Sources: spiller2016, pun2006, hegedus2007, lemasson2014
    """
    entering = cranial_vulnerability * pool_recruitment_rate[BULBAR] * cranial_healthy
    returning = pool_recovery_rate[BULBAR] * cranial_recruited
    dying = cranial_vulnerability * pool_death_rate[BULBAR] + pool_ageing_rate
    return {
        "d/dt cranial.healthy": returning - entering - pool_ageing_rate * cranial_healthy,
        "d/dt cranial.recruited": entering - returning - dying * cranial_recruited,
        "cranial.neurons": cranial_healthy + cranial_recruited,
    }
