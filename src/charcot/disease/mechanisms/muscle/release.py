"""Release of transmitter at the endings that still hold muscle (row 8)."""

from charcot.model.algebra import saturating
from charcot.model.mechanism import mechanism


@mechanism(row="8 NMJ and motor units")
def release(
    axon_atp_innervating,
    soma_unc13a,
    nmj_release_probability,
    nmj_endplate_competence,
    nmj_spared_endings,
    nmj_pool_half_energy,
    nmj_plasticity_time,
    nmj_plasticity_reserve,
    nmj_train_depletion,
):
    """Endings short of energy hold fewer vesicles; over weeks release probability rises and brings quantal content
    back, at the price of a faster run-down; the end-plate potential falls last, with the receptor field.

    Equation: e = (E + k) / (1 + k), the mean energy of endings that innervate: who records from innervated fibres
    meets k endings of spared neurons for each that is as short of energy as a failing one; pool
    N = (1 + K) e / (K + e); quantal content m = p N u with UNC13A u, which primes vesicles; dp/dt = (1 - m) (1 + r - p)
    / (r tau), so that m returns to one while N u > 1 / (1 + r); potential = m q, the size q of a quantum going with the
    competence of endplates; held in a train at 20 Hz = (1 + d) / (1 + d p / e), since refilling the pool needs energy
    at once and a pool that is released faster is emptied faster. A read-out: nothing in the disease reads it.

    Sources: mcintosh2023, lemasson2014, irvin2015, keuss2024
    """
    energy = (axon_atp_innervating + nmj_spared_endings) / (1 + nmj_spared_endings)
    pool = (1 + nmj_pool_half_energy) * saturating(energy, nmj_pool_half_energy)
    content = nmj_release_probability * pool * soma_unc13a
    room = 1 + nmj_plasticity_reserve - nmj_release_probability
    return {
        "nmj.vesicle_pool": pool,
        "nmj.quantal_content": content,
        "nmj.endplate_potential": content * nmj_endplate_competence,
        "nmj.train_held": (1 + nmj_train_depletion) / (1 + nmj_train_depletion * nmj_release_probability / energy),
        "d/dt nmj.release_probability": (1 - content) * room / (nmj_plasticity_reserve * nmj_plasticity_time),
    }
