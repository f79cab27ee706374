"""Age, and two tempos of disease, silent and clinical, that differ between persons and drift within one."""

from charcot.model.algebra import exp, hill
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="12 onset")
def ageing(person_years_per_day):
    """Time passes.

    Equation: d(age)/dt = 1 / 365.25 years per day

    Sources: definition
    """
    return {"d/dt person.age": person_years_per_day}


@mechanism(scope="person", row="8 NMJ and motor units")
def tempo(
    person_age,
    person_tempo_drift,
    person_tempo_target,
    person_base_tempo,
    person_silent_pace,
    person_tempo_memory,
    tempo_by_age,
    tempo_reference_age,
):
    """Two tempos: few seeds grow at the silent one, a load grows, spreads, detaches and kills at the clinical one,
    which rises with age. Both drift together within a person, so that the future is hard to read.

    Equation: clinical = base exp(w + s (age - 62 years)); silent = own exp(w); dw/dt = (target - w) / tau, with a
    target
    drawn anew for each patient and quarter. A deterministic course would correlate the slope before and on study at 0.6
    to 0.8; patients show 0.26 to 0.31. With one tempo for both, slow patients are old ones, and age does not act.

    Sources: dossier_clinical, aan2025_005042
    """
    drift = exp(person_tempo_drift)
    return {
        "person.tempo": person_base_tempo * drift * exp(tempo_by_age * (person_age - tempo_reference_age)),
        "person.silent_tempo": person_silent_pace * drift,
        "d/dt person.tempo_drift": (person_tempo_target - person_tempo_drift) / person_tempo_memory,
    }


@mechanism(row="8 NMJ and motor units")
def growth_tempos(
    person_tempo,
    person_silent_tempo,
    soma_burden,
    upper_aggregate,
    pool_regional_susceptibility,
    tempo_load_half,
    tempo_load_exponent,
    tempo_region_in_growth,
):
    """Misfolded protein grows at the silent tempo while it is little, and at the clinical one of its region as a load.

    Equation: g = silent^(1 - W) (clinical r^a)^W, W = B^2 / (K^2 + B^2) of the region's burden B, r the region's own
    pace; for upper neurons alike, without r

    Sources: free
    """
    load = hill(soma_burden, tempo_load_half, tempo_load_exponent)
    upper_load = hill(upper_aggregate, tempo_load_half, tempo_load_exponent)
    clinical = person_tempo * pool_regional_susceptibility**tempo_region_in_growth
    return {
        "soma.growth_tempo": person_silent_tempo ** (1 - load) * clinical**load,
        "upper.growth_tempo": person_silent_tempo ** (1 - upper_load) * person_tempo**upper_load,
    }
