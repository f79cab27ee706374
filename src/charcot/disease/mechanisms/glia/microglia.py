"""Microglia protect first and harm later; astrocytes follow (row 9)."""

from charcot.model.algebra import hill, log, saturating
from charcot.model.mechanism import mechanism


@mechanism(row="9 neuroinflammation")
def microglial_signals(
    soma_reactive_oxygen,
    soma_burden,
    pool_loss_flux,
    microglia_switch_constant,
    microglia_debris_half,
    microglia_burden_weight,
    microglia_burden_half,
    microglia_gate_oxygen_half,
    microglia_gate_exponent,
    microglia_gate_factor,
):
    """Dying neurons and misfolded protein call microglia; oxidative stress opens the gate to toxicity, and so do
    cytokines and others that multiply it.

    Equation: danger = D / (K + D) + w B / (K_B + B); switch = k_sw R^2 / (K_R^2 + R^2) * product of factors

    Sources: frakes2014, saxena2009
    """
    danger = saturating(pool_loss_flux, microglia_debris_half) + microglia_burden_weight * saturating(
        soma_burden, microglia_burden_half
    )
    gate = hill(soma_reactive_oxygen, microglia_gate_oxygen_half, microglia_gate_exponent)
    switch = microglia_switch_constant * gate * microglia_gate_factor
    return {"microglia.danger": danger, "microglia.switch_rate": switch}


@mechanism(row="9 neuroinflammation")
def sod1_of_glia(
    sod1_share_of_microglia,
    sod1_excised_from_microglia,
    sod1_share_of_astrocytes_in_switch,
    sod1_excised_from_astrocytes,
    soma_sod1_misfolded,
    sod1_breakdown_half,
):
    """In a carrier part of the toxic switch is owed to mutant SOD1 in the microglia themselves, and part to that in
    astrocytes, so that excising it slows the switch.

    Equation: factor = (1 - w excised m) (1 - v excised from astrocytes m), m = Z / (K + Z)

    Sources: boillee2006, yamanaka2008
    """
    part = saturating(soma_sod1_misfolded, sod1_breakdown_half)
    return {
        "microglia.gate_factor": (1 - sod1_share_of_microglia * sod1_excised_from_microglia * part)
        * (1 - sod1_share_of_astrocytes_in_switch * sod1_excised_from_astrocytes * part)
    }


@mechanism(row="9 neuroinflammation")
def microglia(
    microglia_protective,
    microglia_toxic,
    microglia_danger,
    microglia_switch_rate,
    cytokine_anti,
    microglia_activation_rate,
    microglia_removal_rate,
    microglia_switch_constant,
    microglia_return_share,
    microglia_proliferation_left,
):
    """Microglia protect first and harm later: the protective ones turn toxic as the gate opens, and anti-inflammatory
    cytokine calms them.

    Equation: dmp/dt = p k_a danger + c k_sw a mt - (k_m + switch) mp;
    dmt/dt = switch mp - (k_m + c k_sw a) mt

    Sources: boillee2006, frakes2014, beers2008, beers2011, reu2017, spiller2018
    Against: gowing2008, butovsky2012
    """
    turned = microglia_switch_rate * microglia_protective
    calmed = microglia_return_share * microglia_switch_constant * cytokine_anti * microglia_toxic
    return {
        "d/dt microglia.protective": microglia_proliferation_left * microglia_activation_rate * microglia_danger
        + calmed
        - turned
        - microglia_removal_rate * microglia_protective,
        "d/dt microglia.toxic": turned - calmed - microglia_removal_rate * microglia_toxic,
    }


@mechanism(row="9 neuroinflammation")
def microglial_help(microglia_protective, microglia_harm_of_help):
    """Protective microglia clear protein and nourish neurons; a product may take that help away.

    Equation: help = mp (1 - harm)

    Sources: spiller2018, boillee2006, gordon2007_minocycline
    """
    return {"microglia.help": microglia_protective * (1 - microglia_harm_of_help)}


@mechanism(row="9 neuroinflammation")
def effects_of_help(microglia_help, proteostasis_microglial_help, pool_trophic_help):
    """Protective microglia clear misfolded protein and nourish sick neurons.

    Equation: clearance factor = 1 + b help; vulnerability factor = 1 / (1 + c help)

    Sources: spiller2018, boillee2006
    """
    return {
        "proteostasis.clearance_factor": 1 + proteostasis_microglial_help * microglia_help,
        "pool.vulnerability_factor": 1 / (1 + pool_trophic_help * microglia_help),
    }


@mechanism(scope="person", row="9 neuroinflammation")
def cytokines(cytokine_tnf_strength, cytokine_interleukin1_strength, cytokine_complement_strength):
    """TNF, interleukin-1 and complement stand in for each other: blocking one does nothing, blocking all does much.

    Each variable is the share of the pro-inflammatory cytokine that one arm alone could carry.

    Sources: gowing2006, guttenplan2020, lobsiger2013, dossier_immune
    """
    return {
        "cytokine.tnf": cytokine_tnf_strength,
        "cytokine.interleukin1": cytokine_interleukin1_strength,
        "cytokine.complement": cytokine_complement_strength,
    }


@mechanism(scope="person", row="9 neuroinflammation")
def redundancy(cytokine_tnf, cytokine_interleukin1, cytokine_complement):
    """The arms are redundant: harm is done unless all of them fail.

    Equation: arm = 1 - (1 - TNF) (1 - IL-1) (1 - C1q)

    Sources: guttenplan2020, gowing2006, lobsiger2013, anakinra_pilot
    """
    return {"cytokine.arm": 1 - (1 - cytokine_tnf) * (1 - cytokine_interleukin1) * (1 - cytokine_complement)}


@mechanism(row="9 neuroinflammation")
def microglial_toxicity(cytokine_pro):
    """Toxic microglia harm neurons through redundant cytokines.

    Equation: toxicity = pro-inflammatory cytokine

    Sources: frakes2014, guttenplan2020
    """
    return {"microglia.toxicity": cytokine_pro}


@mechanism(row="9 neuroinflammation")
def microglial_harm(microglia_toxicity, energy_microglial_loss, pool_harm_by_microglia):
    """Toxic microglia cost endings energy and harm sick neurons.

    Equation: harm to energy = e toxicity; harm to neurons = w toxicity

    Sources: boillee2006, frakes2014
    """
    return {
        "axon.harm": energy_microglial_loss * microglia_toxicity,
        "pool.harm": pool_harm_by_microglia * microglia_toxicity,
    }


@mechanism(row="7 oxidative stress")
def oxygen_from_microglia(
    microglia_toxic, microglia_toxic_half, oxidative_by_microglia, nox2_activity, nox2_share_of_microglial_oxygen
):
    """Toxic microglia make reactive oxygen, in part by NADPH oxidase 2. What that part is worth is contested.

    Equation: production = b mt / (K + mt) (1 - w + w Nox2)

    Sources: chiot2020, marden2007
    Against: nox_null2016
    """
    share = nox2_share_of_microglial_oxygen
    made = oxidative_by_microglia * saturating(microglia_toxic, microglia_toxic_half)
    return {"soma.oxygen_production": made * (1 - share + share * nox2_activity)}


@mechanism(row="9 neuroinflammation")
def astrocytes(
    astrocyte_reactive,
    microglia_toxic,
    soma_burden,
    astrocyte_time,
    astrocyte_by_burden,
    sod1_share_of_astrocytes,
    sod1_excised_from_astrocytes,
    soma_sod1_misfolded,
    sod1_breakdown_half,
):
    """Astrocytes become reactive with toxic microglia and misfolded protein, and take up less glutamate.

    Equation: da/dt = ln2 / tau [(mt + w B) (1 - v excised m) - a], m = Z / (K + Z): in a carrier of mutant SOD1 a
    share v of the reactivity is owed to the mutant protein in the astrocytes themselves.

    Sources: yamanaka2008, guttenplan2020, rothstein1995
    """
    own = 1 - sod1_share_of_astrocytes * sod1_excised_from_astrocytes * saturating(
        soma_sod1_misfolded, sod1_breakdown_half
    )
    drive = (microglia_toxic + astrocyte_by_burden * soma_burden) * own
    return {"d/dt astrocyte.reactive": log(2) / astrocyte_time * (drive - astrocyte_reactive)}
