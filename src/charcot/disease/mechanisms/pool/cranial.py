"""Cranial motor neurons that resist: the nuclei of eye, jaw and face beside the hypoglossal one (row 8)."""

from charcot.model.algebra import mean
from charcot.model.mechanism import mechanism

BULBAR = "bulbar"


@mechanism(scope="person", row="8 NMJ and motor units")
def resistant_nuclei(cranial_neurons, pool_death_rate, pool_ageing_rate, cranial_vulnerability):
    """Oculomotor, trigeminal and facial neurons share the brain stem of hypoglossal ones and outlive them.

    Equation: dx/dt = -(r kill + k_age) x, with the mean death rate of the bulbar classes and r the vulnerability of
    these
    nuclei: a class far beyond the most resistant spinal units in the order FF, FR, S, by which small neurons that fire
    steadily resist. A read-out: the ALSFRS-R asks neither for eye movements nor for the face.

    Sources: spiller2016, pun2006, hegedus2007, lemasson2014
    """
    dying = cranial_vulnerability * mean(pool_death_rate[BULBAR]) + pool_ageing_rate
    return {"d/dt cranial.neurons": -1 * dying * cranial_neurons}
