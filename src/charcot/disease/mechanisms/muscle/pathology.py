"""The muscle's own disease: what denervation, the axon's protein and a mutation that muscle carries itself do to it."""

from charcot.model.algebra import log, saturating
from charcot.model.mechanism import mechanism


@mechanism(row="3 miR-126")
def pathology(
    muscle_pathology,
    nmj_innervation,
    soma_burden,
    sod1_mutant,
    muscle_pathology_half_life,
    muscle_pathology_by_denervation,
    muscle_pathology_by_burden,
    muscle_pathology_by_mutation,
    muscle_mutation_half,
    muscle_pathology_primary,
):
    """Muscle falls ill by denervation, by the misfolded protein of its neurons and by mutant SOD1 that it makes itself,
    and it recovers slowly when these go.

    Equation: dp/dt = ln2 / t_half [w_d (1 - I) + w_b B + w_m S / (K + S) + o - p], S = mutant SOD1 that is made, o a
    disease of muscle of another origin (inclusion body myositis); zero in health, whole innervation and no burden.

    Sources: maimon2018, mori2019, cykowski2018, salajegheh2009
    """
    own = saturating(sod1_mutant, muscle_mutation_half)
    harm = (
        muscle_pathology_by_denervation * (1 - nmj_innervation)
        + muscle_pathology_by_burden * soma_burden
        + muscle_pathology_by_mutation * own
        + muscle_pathology_primary
    )
    return {"d/dt muscle.pathology": log(2) / muscle_pathology_half_life * (harm - muscle_pathology)}
