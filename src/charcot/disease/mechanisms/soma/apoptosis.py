"""Bax, the executioner of the cell body (row 8)."""

from charcot.model.mechanism import mechanism


@mechanism(row="8 NMJ and motor units")
def bax(bax_activity, bax_share_of_death, bax_share_of_detachment):
    """Failing neurons die by Bax; without it they live while their endings are lost, somewhat later.

    Equation: death factor = 1 - w + w b; detachment factor = 1 - u + u b

    Sources: gould2006
    """
    return {
        "pool.death_factor": 1 - bax_share_of_death + bax_share_of_death * bax_activity,
        "pool.detachment_factor": 1 - bax_share_of_detachment + bax_share_of_detachment * bax_activity,
    }
