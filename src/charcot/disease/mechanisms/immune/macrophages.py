"""Macrophages of nerve and muscle (row 9): not microglia, which live in the cord."""

from charcot.model.algebra import log, maximum
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="9 neuroinflammation")
def peripheral_macrophages(
    macrophage_presence,
    macrophage_supply,
    macrophage_recruitment,
    macrophage_loss,
    macrophage_half_life,
    macrophage_share_of_damage,
):
    """Failing endings call macrophages out of the blood, and these do part of the damage: with fewer of them the same
    failure detaches and kills less.

    Equation: dM/dt = ln2 / t_half (supply recruitment - loss M); damage = 1 - w (1 - M). M counts the macrophages of a
    failing ending against those that it has in an untreated person or mouse, so that M and damage are one without a
    treatment. Monocytes supply all of them in the model (in the rat half arise by division in place, so that stopping
    the supply does too much here), C5a among others recruits them, and CSF1R keeps them alive: a block of it raises
    their loss, so that they go within days; when supply or recruitment stops they die at their own pace.

    Sources: trias2016, chiot2020, martinezmuriana2016, butovsky2012, lee2017, parwaresch1984
    """
    return {
        "d/dt macrophage.presence": log(2)
        / macrophage_half_life
        * (macrophage_supply * macrophage_recruitment - macrophage_loss * macrophage_presence),
        "macrophage.damage": 1 - macrophage_share_of_damage * (1 - macrophage_presence),
    }


@mechanism(row="9 neuroinflammation")
def macrophage_harm(macrophage_damage):
    """Of what a failing ending costs, macrophages do their part.

    Equation: death factor = detachment factor = damage

    Sources: trias2016
    """
    return {"pool.death_factor": macrophage_damage, "pool.detachment_factor": macrophage_damage}


@mechanism(row="9 neuroinflammation")
def macrophages_of_denervated_muscle(macrophage_presence, nmj_innervation, energy_macrophage_loss):
    """Macrophages that denervated muscle and its nerve call cost the endings that are still there energy.

    Equation: harm to energy = e M max(0, 1 - I)

    Sources: trias2016, martinezmuriana2016, chiot2020
    """
    return {"axon.harm": energy_macrophage_loss * macrophage_presence * maximum(1 - nmj_innervation, 0)}
