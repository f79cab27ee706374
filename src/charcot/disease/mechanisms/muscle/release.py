"""Release of transmitter at the endings that still hold muscle (row 8)."""

from charcot.model.algebra import saturating
from charcot.model.mechanism import mechanism


@mechanism(row="8 NMJ and motor units")
def release(
    axon_atp_terminal,
    nmj_release_probability,
    nmj_endplate_competence,
    nmj_shared_energy_loss,
    nmj_pool_half_energy,
    nmj_plasticity_time,
    nmj_plasticity_ceiling,
    nmj_train_depletion,
):
    """Endings short of energy hold fewer vesicles; over weeks release probability rises and brings quantal content
    back, at the price of a faster run-down; the end-plate potential falls last, with the receptor field.

    Equation: e = 1 - c (1 - E): who records from innervated fibres meets mostly neurons not yet recruited, whose
    endings feel a share c of the energy that a recruited ending lacks; pool N = (1 + K) e / (K + e);
    quantal content m = p N; dp/dt = (1 - m) (P - p) / ((P - 1) tau), so that m returns to one while N > 1 / P;
    potential = m q, q = endplate competence; held in a train at 20 Hz = (1 + d) / (1 + d p / e). The energy that
    fills the pool again runs short before the pool does. A read-out: nothing in the disease reads it.

    Sources: mcintosh2023, lemasson2014, irvin2015
    """
    energy = 1 - nmj_shared_energy_loss * (1 - axon_atp_terminal)
    pool = (1 + nmj_pool_half_energy) * saturating(energy, nmj_pool_half_energy)
    content = nmj_release_probability * pool
    room = (nmj_plasticity_ceiling - nmj_release_probability) / (nmj_plasticity_ceiling - 1)
    return {
        "nmj.vesicle_pool": pool,
        "nmj.quantal_content": content,
        "nmj.endplate_potential": content * nmj_endplate_competence,
        "nmj.train_held": (1 + nmj_train_depletion) / (1 + nmj_train_depletion * nmj_release_probability / energy),
        "d/dt nmj.release_probability": (1 - content) * room / nmj_plasticity_time,
    }
