"""Age, and a disease tempo that differs between persons and drifts within one."""

from charcot.model.algebra import exp
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="12 onset")
def ageing(person_years_per_day):
    """Time passes.

    Equation: d(age)/dt = 1 / 365.25 years per day

    Sources: definition
    """
    return {"d/dt person.age": person_years_per_day}


@mechanism(scope="person", row="8 NMJ and motor units")
def tempo(person_tempo_drift, person_tempo_target, person_base_tempo, person_tempo_memory):
    """One shared tempo makes the wide spread of survival, and its drift within a patient makes the future hard to read.

    Equation: tempo = base exp(w); dw/dt = (target - w) / tau, with a target drawn anew for each patient and quarter.
    A deterministic course would correlate the slope before and on study at 0.6 to 0.8; patients show 0.26 to 0.31.

    Sources: dossier_clinical, aan2025_005042
    """
    return {
        "person.tempo": person_base_tempo * exp(person_tempo_drift),
        "d/dt person.tempo_drift": (person_tempo_target - person_tempo_drift) / person_tempo_memory,
    }
