"""SOD1, FUS and C9orf72: what the common mutations add (row 5). Each says here all that it does."""

from charcot.disease.mechanisms.soma.seeding import arriving_seeds, seeded_growth
from charcot.model.algebra import hill, log, maximum, saturating
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="5 SOD1")
def sod1_turnover(sod1_protein, sod1_synthesis, sod1_half_life, genotype_sod1_mutant):
    """SOD1 is long-lived: lowering its synthesis lowers the protein over weeks. One amount of mutant SOD1, copies times
    protein, is read by seeding, growth, toxicity and breakdown alike.

    Equation: dS/dt = ln2 / t_half (synthesis - S); amount = copies S

    Sources: crisp2015, miller2020_tofersen
    """
    return {
        "d/dt sod1.protein": log(2) / sod1_half_life * (sod1_synthesis - sod1_protein),
        "sod1.mutant": genotype_sod1_mutant * sod1_protein,
    }


@mechanism(row="5 SOD1")
def sod1_misfolding(
    soma_sod1_misfolded,
    sod1_mutant,
    soma_growth_tempo,
    proteostasis_clearance,
    spread_sod1_influx,
    sod1_growth_rate,
    sod1_growth_saturation,
    sod1_clearance_half,
    sod1_nucleation_rate,
    sod1_toxic_saturation,
    soma_sod1_relief,
    sod1_antibody,
    sod1_passed_between_cells,
):
    """Mutant SOD1 misfolds on its own template and spreads; growth and harm rise with the amount that is there, less
    than in proportion, and aggregates that are no longer fed harm less.

    Equation: dZ/dt = g k_z a(S) Z (1 - Z) + [influx (1 - Z)^3 + k_n S^2] (1 - Z) - V Z / (K + Z), V = g clearance
    k_z K,
    a(S) = (1 + K_g) S / (K_g + S); toxic = Z (1 + K_t) S / (K_t + S) (1 - relief); both as Z alone at the amount of a
    patient. Relief is the sum of what cells without mutant SOD1 around the neuron spare it, zero in a carrier. An
    antibody catches what passes between cells: a share p of the growth and all that arrives from other regions, so that
    a(S) is multiplied by 1 - p caught, and influx by 1 - caught.

    Sources: bidhendi2016, abdolvahabi2017, mccampbell2018, maier2018
    Against: lehmann2020
    """
    growth, clearance = seeded_growth(
        soma_sod1_misfolded,
        soma_growth_tempo * sod1_growth_rate,
        (1 + sod1_growth_saturation)
        * saturating(sod1_mutant, sod1_growth_saturation)
        * (1 - sod1_passed_between_cells * sod1_antibody),
        proteostasis_clearance,
        sod1_clearance_half,
    )
    made = soma_sod1_misfolded * (1 + sod1_toxic_saturation) * saturating(sod1_mutant, sod1_toxic_saturation)
    toxic = made * (1 - soma_sod1_relief)
    nucleation = sod1_nucleation_rate * sod1_mutant**2
    return {
        "soma.sod1_toxic": toxic,
        "soma.burden": toxic,
        "d/dt soma.sod1_misfolded": growth
        + arriving_seeds(soma_sod1_misfolded, spread_sod1_influx * (1 - sod1_antibody))
        + nucleation * (1 - soma_sod1_misfolded)
        - clearance,
    }


@mechanism(row="5 SOD1")
def sod1_harm(soma_sod1_toxic, energy_sod1_loss, transport_inhibition_by_sod1):
    """Misfolded SOD1 costs mitochondria energy and slows transport.

    Equation: harm to energy = b Z; transport factor = 1 / (1 + a Z)

    Sources: irvin2015, bilsland2010
    """
    return {
        "axon.harm": energy_sod1_loss * soma_sod1_toxic,
        "axon.transport_factor": 1 / (1 + transport_inhibition_by_sod1 * soma_sod1_toxic),
    }


@mechanism(row="5 SOD1")
def sod1_breakdown(soma_sod1_misfolded, sod1_mutant, sod1_trimer_half, sod1_trimer_order, sod1_breakdown_half):
    """What breaks down failed endings where SOD1 has misfolded are trimers of the SOD1 that is made now, not old
    aggregates: with less SOD1 such endings stay failed, but shed less neurofilament and kill their neurons less.

    Equation: breakdown = 1 - m (1 - 2 S^3 / (S_h^3 + S^3)), m = Z / (K + Z) the part that SOD1 has in it. As many
    trimers form as the third power of the amount allows; one at the amount S_h, that of a patient in people and
    more in mice with many copies, and without misfolded SOD1.

    Sources: proctor2016, zhu2018, valor2022, tofersen_nfl_series
    """
    part = saturating(soma_sod1_misfolded, sod1_breakdown_half)
    left = 1 - part * (1 - 2 * hill(sod1_mutant, sod1_trimer_half, sod1_trimer_order))
    return {"pool.breakdown": left, "pool.death_factor": left}


@mechanism(row="5 SOD1")
def sod1_schwann_cells(
    sod1_schwann_support,
    energy_schwann_loss,
    sod1_excised_from_schwann_cells,
    soma_sod1_misfolded,
    sod1_breakdown_half,
    nmj_innervation,
):
    """Schwann cells of a carrier shield their axons by the dismutase activity of their mutant SOD1, and the more so the
    more of these are failing.

    Equation: failing = excised m max(0, 1 - I), m = Z / (K + Z) the part that SOD1 has in the disease;
    factor = 1 + h failing; harm to energy = e failing

    Sources: lobsiger2009
    """
    part = sod1_excised_from_schwann_cells * saturating(soma_sod1_misfolded, sod1_breakdown_half)
    failing = part * maximum(1 - nmj_innervation, 0)
    return {
        "pool.vulnerability_factor": 1 + sod1_schwann_support * failing,
        "axon.harm": energy_schwann_loss * failing,
    }


@mechanism(row="5 FUS")
def fus_condensation(
    soma_fus_condensate,
    genotype_fus_mutant,
    fus_synthesis,
    soma_growth_tempo,
    proteostasis_clearance,
    spread_fus_influx,
    fus_growth_rate,
    fus_clearance_half,
    fus_direct_inhibition,
    fus_condensate_inhibition,
):
    """Mutant FUS blocks axonal translation, even without aggregates; its cytoplasmic condensates add to that.

    Equation: dF/dt = g k_f d F (1 - F) + influx (1 - F)^4 - V F / (K + F), d = mutant synthesis;
    block = d (a + b F); burden = d F, F the share of the mutant FUS that has condensed

    Sources: lopezerauskin2018, birsa2021, murakami2015
    """
    dose = genotype_fus_mutant * fus_synthesis
    growth, clearance = seeded_growth(
        soma_fus_condensate, soma_growth_tempo * fus_growth_rate, dose, proteostasis_clearance, fus_clearance_half
    )
    return {
        "d/dt soma.fus_condensate": growth + arriving_seeds(soma_fus_condensate, spread_fus_influx) - clearance,
        "soma.fus_inhibition": dose * (fus_direct_inhibition + fus_condensate_inhibition * soma_fus_condensate),
        "soma.burden": dose * soma_fus_condensate,
    }


@mechanism(row="5 FUS")
def fus_under_stress(soma_er_stress, soma_fus_condensate, genotype_fus_mutant, fus_synthesis, fus_stress_inhibition):
    """Stress condenses the mutant FUS that is still soluble, which takes FMRP and stops axonal translation.

    Equation: block under stress = c d (1 - F) U, d = mutant synthesis; wild-type FUS does nothing. The condensates of
    stress come and go in hours, so they are taken at their steady state, and only local translation reads them.

    Sources: murakami2015, birsa2021
    """
    soluble = genotype_fus_mutant * fus_synthesis * (1 - soma_fus_condensate)
    return {"soma.fus_stress_block": fus_stress_inhibition * soluble * soma_er_stress}


@mechanism(row="5 FUS")
def fus_harm(
    soma_fus_inhibition,
    soma_fus_stress_block,
    genotype_fus_mutant,
    fus_synthesis,
    translation_restoration,
    transport_inhibition_by_fus,
    er_stress_by_fus,
    pool_vulnerability_by_fus,
):
    """Mutant FUS stops local translation, slows transport, stresses the cell body and makes neurons die sooner.

    Equation: translation factor = 1 / (1 + (block + block under stress) / (1 + restoration)); transport factor = 1 /
    (1 + a d); stress = b block; vulnerability factor = 1 + f block

    Sources: murakami2015, birsa2021, guo2017, lopezerauskin2018
    """
    block = (soma_fus_inhibition + soma_fus_stress_block) / (1 + translation_restoration)
    return {
        "axon.translation_factor": 1 / (1 + block),
        "axon.transport_factor": 1 / (1 + transport_inhibition_by_fus * genotype_fus_mutant * fus_synthesis),
        "soma.er_stress_drive": er_stress_by_fus * soma_fus_inhibition,
        "pool.vulnerability_factor": 1 + pool_vulnerability_by_fus * soma_fus_inhibition,
    }


@mechanism(scope="person", row="5 C9orf72")
def dipeptide_repeats(
    c9orf72_dipeptide_repeat, genotype_c9orf72_expansion, c9orf72_translation, c9orf72_repeat_half_life
):
    """The C9orf72 expansion is translated into dipeptide repeats.

    Equation: dD/dt = ln2 / t_half (expansion * translation - D)

    Sources: fumagalli2021, jiang2016, gendron2017
    """
    return {
        "d/dt c9orf72.dipeptide_repeat": log(2)
        / c9orf72_repeat_half_life
        * (genotype_c9orf72_expansion * c9orf72_translation - c9orf72_dipeptide_repeat)
    }


@mechanism(row="5 C9orf72")
def dipeptide_harm(
    c9orf72_dipeptide_repeat,
    transport_inhibition_by_dipeptide_repeat,
    er_stress_by_dipeptide_repeat,
    oxidative_by_dipeptide_repeat,
    pool_vulnerability_by_dipeptide_repeat,
):
    """Dipeptide repeats block motors, stress the cell body, make reactive oxygen and make neurons die sooner.

    Equation: transport factor = 1 / (1 + a D); stress = b D; reactive oxygen = c D; vulnerability factor = 1 + d D

    Sources: fumagalli2021, jiang2016, gendron2017
    """
    return {
        "axon.transport_factor": 1 / (1 + transport_inhibition_by_dipeptide_repeat * c9orf72_dipeptide_repeat),
        "soma.er_stress_drive": er_stress_by_dipeptide_repeat * c9orf72_dipeptide_repeat,
        "soma.oxygen_production": oxidative_by_dipeptide_repeat * c9orf72_dipeptide_repeat,
        "pool.vulnerability_factor": 1 + pool_vulnerability_by_dipeptide_repeat * c9orf72_dipeptide_repeat,
    }


@mechanism(scope="person", row="10 adaptive immunity")
def dipeptide_antigen(c9orf72_dipeptide_repeat, immune_activation_by_dipeptide_repeat):
    """T cells of carriers see C9orf72 antigen; the repeat protein stands for it.

    Equation: activation = w D

    Sources: michaelis2025
    """
    return {"immune.activation": immune_activation_by_dipeptide_repeat * c9orf72_dipeptide_repeat}
