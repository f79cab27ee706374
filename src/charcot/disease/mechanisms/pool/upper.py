"""Upper motor neurons: their own aggregates, their own loss (row 8, dying forward in part)."""

from charcot.disease.mechanisms.soma.seeding import arriving_seeds, seeded_growth
from charcot.model.algebra import hill
from charcot.model.mechanism import mechanism


@mechanism(row="8 upper pool")
def upper_motor_neurons(
    upper_aggregate,
    upper_neurons,
    soma_burden,
    pool_vulnerability,
    person_tempo,
    upper_growth_tempo,
    proteostasis_clearance,
    spread_upper_influx,
    aggregation_growth_rate,
    aggregation_clearance_half,
    aggregation_nucleation_rate,
    upper_share_of_cord_burden,
    upper_death_constant,
    upper_death_half,
    upper_death_exponent,
    upper_ageing_rate,
):
    """Upper motor neurons aggregate TDP-43 by the same law, fed by their neighbours and by the cord, and die of it.

    Equation: dAu/dt = growth - clearance + influx (1 - Au)^4 + k_n (1 - Au);
    dUn/dt = -(k_age + tempo k_u V B^2 / (K^2 + B^2)) Un with B = Au + w burden of the cord

    Sources: zang_cheema, schmidt2016
    """
    growth, clearance = seeded_growth(
        upper_aggregate,
        upper_growth_tempo * aggregation_growth_rate,
        1,
        proteostasis_clearance,
        aggregation_clearance_half,
    )
    burden = upper_aggregate + upper_share_of_cord_burden * soma_burden
    death = (
        person_tempo * upper_death_constant * pool_vulnerability * hill(burden, upper_death_half, upper_death_exponent)
    )
    return {
        "d/dt upper.aggregate": growth
        + arriving_seeds(upper_aggregate, spread_upper_influx)
        + aggregation_nucleation_rate * (1 - upper_aggregate)
        - clearance,
        "d/dt upper.neurons": -1 * (upper_ageing_rate + death) * upper_neurons,
    }
