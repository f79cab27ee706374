"""Mitochondria, oxidative stress and excitotoxicity: the positive loop of row 7."""

from charcot.model.algebra import log, saturating
from charcot.model.mechanism import mechanism


@mechanism(row="7 oxidative stress")
def oxidative_stress(
    soma_reactive_oxygen,
    axon_atp_mean,
    soma_burden,
    microglia_toxic,
    c9orf72_dipeptide_repeat,
    oxidative_by_energy_failure,
    oxidative_by_microglia,
    oxidative_by_burden,
    oxidative_by_dipeptide_repeat,
    oxidative_burden_half,
    microglia_toxic_half,
    oxidative_half_life,
    oxidative_scavenging,
):
    """Failing mitochondria, misfolded protein and toxic microglia make reactive oxygen, which costs energy again.

    Equation: production = a (1 - E)^2 + b mt / (K + mt) + c B / (B + K_B) + d DPR;
    dR/dt = k_R [1 + production / (1 + scavenging) - R]

    Sources: irvin2015, rao2003, chiot2020
    """
    shortfall = 1 - axon_atp_mean
    production = (
        oxidative_by_energy_failure * shortfall**2
        + oxidative_by_microglia * saturating(microglia_toxic, microglia_toxic_half)
        + oxidative_by_burden * saturating(soma_burden, oxidative_burden_half)
        + oxidative_by_dipeptide_repeat * c9orf72_dipeptide_repeat
    )
    excess = production / (1 + oxidative_scavenging)
    return {
        "d/dt soma.reactive_oxygen": log(2) / oxidative_half_life * (1 + excess - soma_reactive_oxygen),
    }


@mechanism(row="7 excitotoxicity")
def excitotoxicity(
    soma_reactive_oxygen,
    astrocyte_reactive,
    upper_neurons,
    glutamate_release,
    glutamate_oxidative_half,
    glutamate_astrocyte_weight,
    glutamate_astrocyte_half,
    glutamate_hyperexcitability,
):
    """Reactive oxygen disables astrocytic glutamate uptake; what is left in the cleft overloads neurons with calcium.

    Equation: uptake = 1 / (1 + (R - 1) / K); drive = release (1 - uptake) (1 - w + w a / (K_a + a)) (1 + h (1 - UMN))

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
        "glutamate.excitotoxic_drive": glutamate_release * (1 - uptake) * glial * cortical,
    }
