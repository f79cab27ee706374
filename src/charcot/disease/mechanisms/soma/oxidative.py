"""Mitochondria, oxidative stress and excitotoxicity: the positive loop of row 7."""

from charcot.model.algebra import log, saturating
from charcot.model.mechanism import mechanism


@mechanism(row="7 oxidative stress")
def oxidative_stress(
    soma_reactive_oxygen,
    soma_oxygen_production,
    oxidative_half_life,
    oxidative_scavenging,
    nrf2_astrocytes,
    nrf2_scavenging,
):
    """Reactive oxygen is made by several things and scavenged, by a product or by the glutathione of astrocytes that
    have more Nrf2.

    Equation: dR/dt = k_R [1 + production / (1 + scavenging + a Nrf2) - R]

    Sources: irvin2015, rao2003, vargas2008
    """
    excess = soma_oxygen_production / (1 + oxidative_scavenging + nrf2_scavenging * nrf2_astrocytes)
    return {"d/dt soma.reactive_oxygen": log(2) / oxidative_half_life * (1 + excess - soma_reactive_oxygen)}


@mechanism(row="7 oxidative stress")
def oxygen_from_mitochondria(axon_atp_terminal, oxidative_by_energy_failure):
    """Failing mitochondria make reactive oxygen.

    Equation: production = a (1 - E)^2

    Sources: irvin2015
    """
    return {"soma.oxygen_production": oxidative_by_energy_failure * (1 - axon_atp_terminal) ** 2}


@mechanism(row="7 oxidative stress")
def oxygen_from_burden(soma_burden, oxidative_by_burden, oxidative_burden_half):
    """Misfolded protein makes reactive oxygen.

    Equation: production = c B / (K + B)

    Sources: rao2003
    """
    return {"soma.oxygen_production": oxidative_by_burden * saturating(soma_burden, oxidative_burden_half)}


@mechanism(row="7 oxidative stress")
def oxidative_harm(soma_reactive_oxygen, energy_oxidative_loss, pool_harm_by_oxygen):
    """Reactive oxygen costs the ending energy and harms sick neurons.

    Equation: harm to energy = rho (R - 1); harm to neurons = w (R - 1)

    Sources: irvin2015, rao2003
    """
    excess = soma_reactive_oxygen - 1
    return {"axon.harm": energy_oxidative_loss * excess, "pool.harm": pool_harm_by_oxygen * excess}


@mechanism(row="7 excitotoxicity")
def excitotoxicity(
    soma_reactive_oxygen,
    astrocyte_reactive,
    upper_neurons,
    glutamate_release,
    glutamate_uptake_added,
    glutamate_oxidative_half,
    glutamate_astrocyte_weight,
    glutamate_astrocyte_half,
    glutamate_hyperexcitability,
):
    """Reactive oxygen disables astrocytic glutamate uptake; what is left in the cleft overloads neurons with calcium.

    Equation: uptake = 1 / (1 + (R - 1) / K); drive = release (1 - uptake) / (1 + added) (1 - w + w a / (K_a + a))
    (1 + h (1 - UMN)); uptake that is added elsewhere, by a drug or a gene, takes up what astrocytes leave.

    Sources: rothstein1995, rao2003, cochrane2012_riluzole
    Against: scott2008
    """
    uptake = 1 / (1 + (soma_reactive_oxygen - 1) / glutamate_oxidative_half)
    glial = (
        1
        - glutamate_astrocyte_weight
        + glutamate_astrocyte_weight * saturating(astrocyte_reactive, glutamate_astrocyte_half)
    )
    cortical = 1 + glutamate_hyperexcitability * (1 - upper_neurons)
    return {
        "glutamate.uptake": uptake,
        "glutamate.excitotoxic_drive": glutamate_release
        * (1 - uptake)
        / (1 + glutamate_uptake_added)
        * glial
        * cortical,
    }


@mechanism(row="7 excitotoxicity")
def excitotoxic_harm(glutamate_excitotoxic_drive, energy_excitotoxic_loss, pool_harm_by_excitotoxicity):
    """Calcium that floods neurons costs the ending energy and harms sick neurons.

    Equation: harm to energy = e drive; harm to neurons = w drive

    Sources: cochrane2012_riluzole
    """
    return {
        "axon.harm": energy_excitotoxic_loss * glutamate_excitotoxic_drive,
        "pool.harm": pool_harm_by_excitotoxicity * glutamate_excitotoxic_drive,
    }
