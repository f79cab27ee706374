"""Spread of seeds between regions, along cord and cortex (row 11)."""

from charcot.model.algebra import Indexed
from charcot.model.mechanism import mechanism


def _released(load, saturation):
    """Release is quadratic while the load is small, so that coupling does not eat the healthy margin. It does not hang
    on living neurons: a dead pool would otherwise shield its neighbours, and poor transport lengthen life."""
    return (1 + saturation) * load**2 / (saturation + load)


def _arriving(weights, released, regions):
    return {
        receiver: sum(weights[receiver, donor] * released[donor] for donor in regions if donor != receiver)
        for receiver in regions
    }


@mechanism(scope="person", row="11 spread")
def spread(
    soma_aggregate,
    soma_sod1_misfolded,
    soma_fus_condensate,
    genotype_fus_mutant,
    fus_synthesis,
    lesion_load,
    upper_aggregate,
    person_tempo,
    spread_rate,
    spread_sod1_rate,
    spread_fus_rate,
    spread_lesion_rate,
    spread_regional_receptivity,
    spread_weight,
    spread_saturation,
    spread_upper_share,
    spread_descending,
    spread_ascending,
):
    """Aggregates seed neighbouring regions, sideways along the cord and up and down between cord and cortex.

    Equation: phi(A) = (1 + K) A^2 / (K + A);
    influx_r = k tempo sigma_r [sum_j W_rj phi_j + d phi_upper,r];
    upper_r = k tempo [u sum_j W_rj phi_upper,j + a phi_r]; SOD1, FUS and the primary lesion of a rival hypothesis go
    along the same couplings of the cord, each at its own rate; FUS seeds are of mutant FUS and find mutant FUS only:
    d phi leaves, and d of it takes, with d = mutant synthesis.

    Sources: japan_spread, ludolph2024, gromicho_spread, porta2018, bidhendi2016, schmidt2016
    """
    regions = soma_aggregate.labels
    receptive = spread_regional_receptivity * person_tempo
    release = _released(soma_aggregate, spread_saturation)
    release_upper = _released(upper_aggregate, spread_saturation)
    release_sod1 = _released(soma_sod1_misfolded, spread_saturation)
    mutant_fus = genotype_fus_mutant * fus_synthesis
    release_fus = mutant_fus * _released(soma_fus_condensate, spread_saturation)
    release_lesion = _released(lesion_load, spread_saturation)
    cord = Indexed(_arriving(spread_weight, release, regions))
    cortex = Indexed(_arriving(spread_weight, release_upper, regions))
    sod1 = Indexed(_arriving(spread_weight, release_sod1, regions))
    fus = Indexed(_arriving(spread_weight, release_fus, regions))
    lesion = Indexed(_arriving(spread_weight, release_lesion, regions))
    return {
        "spread.influx": spread_rate * receptive * (cord + spread_descending * release_upper),
        "spread.upper_influx": spread_rate * person_tempo * (spread_upper_share * cortex + spread_ascending * release),
        "spread.sod1_influx": spread_sod1_rate * receptive * sod1,
        "spread.fus_influx": spread_fus_rate * receptive * mutant_fus * fus,
        "spread.lesion_influx": spread_lesion_rate * receptive * lesion,
    }
