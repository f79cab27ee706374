"""Mistakes that the tests must notice: each is one changed line, and the tests that should fail with it.

A mutant is a fault that a careful person could make and a cohort's median would hide. ``python -m tests.mutants``
plants one after the other into a copy of the source and runs the named tests; a mutant that survives is a hole in the
tests. ``tests/unit/test_mutants.py`` keeps the catalogue in step with the source.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One planted fault.

    Attributes:
        name: what is wrong, in words.
        file: below ``src/charcot``.
        old, new: the text that is replaced, which stands in the file exactly once, and what replaces it.
        tests: files or single tests, below ``tests``, of which at least one must fail.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


BOOKS = "unit/test_trial_books.py"
EQUATIONS = "science/test_equations.py"
STATISTICS = "science/test_trial_statistics.py"
OBSERVATION = "unit/test_observation.py"
TRIALS = "unit/test_trials_run.py"

MUTANTS = (
    # trials
    Mutant(
        "a death is counted after the patient has withdrawn",
        "trials/followup.py",
        "died = death <= np.minimum(leaving, length)",
        "died = death <= length",
        (BOOKS,),
    ),
    Mutant(
        "all strata share one stream of blocks",
        "trials/randomisation.py",
        'f"randomisation, stratum {stratum}"',
        '"randomisation"',
        (BOOKS,),
    ),
    Mutant(
        "the slope of the run-in has the wrong sign",
        "trials/conduct.py",
        '-subjects["run_in_decline"] /',
        'subjects["run_in_decline"] /',
        (BOOKS,),
    ),
    Mutant(
        "the decline in the run-in is what was gained",
        "trials/screening.py",
        "return self.total - self.baseline_items.sum(axis=1)",
        "return self.baseline_items.sum(axis=1) - self.total",
        (TRIALS, BOOKS),
    ),
    Mutant(
        "a share that leaves is taken as a rate",
        "trials/followup.py",
        "-math.log1p(-withdrawal.share / 100) / withdrawal.at",
        "withdrawal.share / 100 / withdrawal.at",
        (STATISTICS,),
    ),
    Mutant(
        "the last enrolled person is not counted as screened",
        "trials/enrolment.py",
        "int(people[-1]) + 1 if count == wanted",
        "int(people[-1]) if count == wanted",
        (TRIALS,),
    ),
    Mutant(
        "the baseline visit counts as an observation after baseline",
        "trials/change.py",
        "np.where(visit > 0, last, np.nan)",
        "np.where(visit >= 0, last, np.nan)",
        (BOOKS,),
    ),
    Mutant(
        "a two-sided interval has one-sided limits",
        "trials/analysis_form.py",
        "stdtrit(degrees, 1 - design.alpha / 2)",
        "stdtrit(degrees, 1 - design.alpha)",
        (BOOKS,),
    ),
    Mutant(
        "residual variance without degrees of freedom",
        "trials/statistics/ancova.py",
        "freedom = len(values) - fixed.shape[1]\n    variance",
        "freedom = len(values)\n    variance",
        (STATISTICS,),
    ),
    Mutant(
        "ratios are averaged as they are",
        "trials/outcome.py",
        "scale = np.log(values) if is_ratio else values",
        "scale = values",
        (TRIALS,),
    ),
    Mutant(
        "events and censored patients change places",
        "trials/adam.py",
        '"CNSR": np.where(seen.died, 0, 1)',
        '"CNSR": np.where(seen.died, 1, 0)',
        (BOOKS, TRIALS),
    ),
    Mutant(
        "the reference of a change is the last visit",
        "trials/adam.py",
        "np.repeat(values[:, 0], visits)",
        "np.repeat(values[:, -1], visits)",
        (TRIALS,),
    ),
    Mutant(
        "a site can guess the next arm from a block of two",
        "trials/randomisation.py",
        "SMALLEST_BLOCK = 4",
        "SMALLEST_BLOCK = 2",
        (STATISTICS,),
    ),
    # what a visit records
    Mutant(
        "screening and trial visits share their noise",
        "clinic/observation.py",
        'f"item noise, {purpose}"',
        '"item noise"',
        (OBSERVATION,),
    ),
    Mutant(
        "items at the floor and at the ceiling are as noisy as in the middle",
        "clinic/observation.py",
        "inside + height * (noise.item_sd",
        "inside + (noise.item_sd",
        (OBSERVATION,),
    ),
    Mutant(
        "the first symptom is recalled after the diagnosis",
        "clinic/observation.py",
        "return min(onset + error, diagnosis)",
        "return onset + error",
        (OBSERVATION,),
    ),
    Mutant(
        "communication is lost with speech or writing",
        "clinic/stages.py",
        'lost["speech"] & lost["handwriting"]',
        'lost["speech"] | lost["handwriting"]',
        (OBSERVATION,),
    ),
    # the disease
    Mutant(
        "regulatory T cells do not restrain effector cells",
        "disease/mechanisms/immune/tcells.py",
        "saturating(immune_activation, immune_activation_half) * 2 / (1 + immune_treg)",
        "saturating(immune_activation, immune_activation_half)",
        (EQUATIONS,),
    ),
    Mutant(
        "regulatory T cells do not keep effector cells out",
        "disease/mechanisms/immune/tcells.py",
        "softplus(immune_cd8 - immune_treg, immune_restraint_width)",
        "softplus(immune_cd8, immune_restraint_width)",
        (EQUATIONS,),
    ),
    Mutant(
        "neurofilament decays with a rate of one over its half-life",
        "disease/mechanisms/biomarker/fluids.py",
        "log(2) / biomarker_nfl_half_life",
        "1 / biomarker_nfl_half_life",
        (EQUATIONS,),
    ),
    Mutant(
        "neurons that hold no muscle do not age",
        "disease/mechanisms/pool/lower.py",
        '"d/dt pool.alive": -1 * dying * pool_alive',
        '"d/dt pool.alive": -1 * (pool_death_rate * pool_alive + pool_ageing_rate * pool_innervating)',
        (EQUATIONS,),
    ),
    Mutant(
        "resistant nuclei do not age",
        "disease/mechanisms/pool/cranial.py",
        "cranial_vulnerability * mean(pool_death_rate[BULBAR]) + pool_ageing_rate",
        "cranial_vulnerability * mean(pool_death_rate[BULBAR])",
        (EQUATIONS,),
    ),
    Mutant(
        "seeds spread from receiver to donor",
        "disease/mechanisms/system/spread.py",
        "weights[receiver, donor] * released[donor]",
        "weights[donor, receiver] * released[donor]",
        (EQUATIONS,),
    ),
    Mutant(
        "the hazard of the disease counts before the seed",
        "clinic/mechanisms/function.py",
        "survival_at_risk * clinic_survival_hazard}",
        "clinic_survival_hazard}",
        (EQUATIONS,),
    ),
    Mutant(
        "an antibody against neuropilin-1 does nothing",
        "disease/mechanisms/muscle/mir126.py",
        "(1 - mir126_neuropilin_block) * relative - 1",
        "relative - 1",
        (EQUATIONS,),
    ),
    Mutant(
        "regions do not differ in susceptibility",
        "disease/mechanisms/pool/lower.py",
        "pace = person_tempo * pool_regional_susceptibility * pool_vulnerability",
        "pace = person_tempo * pool_vulnerability",
        (EQUATIONS,),
    ),
    Mutant(
        "a tempo drifts away from its target",
        "disease/mechanisms/system/person.py",
        "(person_tempo_target - person_tempo_drift) / person_tempo_memory",
        "(person_tempo_drift - person_tempo_target) / person_tempo_memory",
        (EQUATIONS,),
    ),
    Mutant(
        "breathing is weighted with the wrong region",
        "clinic/mechanisms/function.py",
        '(1 - respiration_phrenic_weight) * function_drive["thoracic"]',
        '(1 - respiration_phrenic_weight) * function_drive["cervical"]',
        (EQUATIONS,),
    ),
    Mutant(
        "the most resistant class has the longest axons",
        "disease/mechanisms/axon/delivery.py",
        "axon_length * (1 - axon_length_lost_by_resistance * class_quantile)",
        "axon_length * (1 - axon_length_lost_by_resistance * (1 - class_quantile))",
        (EQUATIONS,),
    ),
    Mutant(
        "neurons that resist more feel more harm",
        "disease/mechanisms/axon/translation.py",
        "felt = axon_harm * axon_harm_factor / pool_resistance",
        "felt = axon_harm * axon_harm_factor * pool_resistance",
        (EQUATIONS,),
    ),
    Mutant(
        "dead neurons make reactive oxygen",
        "disease/mechanisms/axon/translation.py",
        '"axon.atp_terminal": weighted(atp, pool_alive, pool_least_weight)',
        '"axon.atp_terminal": weighted(atp, pool_resistance, pool_least_weight)',
        (EQUATIONS,),
    ),
    Mutant(
        "a load grows at the silent tempo",
        "disease/mechanisms/system/person.py",
        "person_silent_tempo ** (1 - load) * clinical**load",
        "person_silent_tempo**load * clinical ** (1 - load)",
        (EQUATIONS,),
    ),
    Mutant(
        "copies of mutant SOD1 and its protein add up",
        "disease/mechanisms/soma/genetic.py",
        '"sod1.mutant": genotype_sod1_mutant * sod1_protein',
        '"sod1.mutant": genotype_sod1_mutant + sod1_protein - 1',
        (EQUATIONS,),
    ),
    Mutant(
        "age slows the clinical tempo",
        "disease/mechanisms/system/person.py",
        "exp(tempo_by_age * (person_age - tempo_reference_age))",
        "exp(tempo_by_age * (tempo_reference_age - person_age))",
        (EQUATIONS,),
    ),
    Mutant(
        "a contributor that is off takes a product away",
        "model/ports.py",
        "return NEUTRAL.get(self.combine, self.healthy)",
        "return 0.0 if self.combine else self.healthy",
        ("unit/test_contributions.py",),
    ),
    # the engine and what stands below
    Mutant(
        "a digit of the dense output is wrong",
        "engine/tableau.py",
        "25.948786856663858",
        "25.948786857663858",
        ("numerics/test_method.py",),
    ),
    Mutant(
        "a digit of a stage is wrong",
        "engine/tableau.py",
        "2.849394379747939",
        "2.849394379847939",
        ("numerics/test_method.py",),
    ),
    Mutant(
        "the series of a slow linear state has the wrong factorials",
        "engine/codegen.py",
        "1.0 / math.factorial(k + 1)",
        "1.0 / math.factorial(k)",
        ("numerics/test_linear_block.py",),
    ),
    Mutant(
        "draws for two purposes are the same",
        "core/random.py",
        "{seed}\\x1f{patient}\\x1f{purpose}",
        "{seed}\\x1f{patient}",
        (BOOKS, OBSERVATION, "contracts/test_reproducibility.py"),
    ),
    Mutant(
        "many weak sources make a number certain",
        "evidence/priors.py",
        "if combined > floor else (floor,",
        "if combined > 0 else (floor,",
        ("unit/test_priors.py",),
    ),
    Mutant(
        "who dies now is not at risk now",
        "core/estimates.py",
        'times, side="left")',
        'times, side="right")',
        ("unit/test_report.py", "science/test_natural_history.py"),
    ),
)
