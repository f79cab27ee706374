"""SOD1, FUS and C9orf72: what the common mutations add (row 5)."""

from charcot.disease.mechanisms.soma.seeding import seeded_growth
from charcot.model.algebra import log, minimum
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="5 SOD1")
def sod1_turnover(sod1_protein, sod1_synthesis, sod1_half_life):
    """SOD1 is long-lived: lowering its synthesis lowers the protein over weeks.

    Equation: dS/dt = ln2 / t_half (synthesis - S)

    Sources: crisp2015, miller2020_tofersen
    """
    return {"d/dt sod1.protein": log(2) / sod1_half_life * (sod1_synthesis - sod1_protein)}


@mechanism(row="5 SOD1")
def sod1_misfolding(
    soma_sod1_misfolded,
    sod1_protein,
    genotype_sod1_mutant,
    person_tempo,
    proteostasis_clearance,
    spread_sod1_influx,
    sod1_growth_rate,
    sod1_clearance_half,
    transport_inhibition_by_sod1,
):
    """Mutant SOD1 misfolds on its own template and spreads, as fast as there is SOD1 to misfold; it slows transport.

    Equation: dZ/dt = tempo k_z mutant S Z (1 - Z) + influx (1 - Z) - V Z / (K + Z), V = tempo clearance k_z K. What
    harms is the load that is being made, Z S: aggregates that are no longer fed are inert. Burden + Z S; factor on
    transport 1 / (1 + a Z S).

    Sources: bidhendi2016, abdolvahabi2017, mccampbell2018, bilsland2010
    """
    growth, clearance = seeded_growth(
        soma_sod1_misfolded,
        person_tempo * sod1_growth_rate,
        genotype_sod1_mutant * sod1_protein,
        proteostasis_clearance,
        sod1_clearance_half,
    )
    toxic = soma_sod1_misfolded * sod1_protein
    return {
        "soma.sod1_toxic": toxic,
        "soma.burden": toxic,
        "axon.transport_factor": 1 / (1 + transport_inhibition_by_sod1 * toxic),
        "d/dt soma.sod1_misfolded": growth + spread_sod1_influx * (1 - soma_sod1_misfolded) - clearance,
    }


@mechanism(scope="person", row="5 SOD1")
def sod1_breakdown(sod1_protein, genotype_sod1_mutant, sod1_trimer_order):
    """What breaks down the failed endings of a carrier are trimers of the SOD1 that is made now, not old aggregates:
    with less SOD1 such endings stay failed, but shed less neurofilament and kill their neurons less.

    Equation: breakdown = 1 - m (1 - S^3), m = min(mutant, 1). As many trimers form as the third power of the protein
    allows, against those without a drug. It is one without the mutation and in every untreated carrier.

    Sources: proctor2016, zhu2018, valor2022, tofersen_nfl_series
    """
    carrier = minimum(genotype_sod1_mutant, 1)
    return {"sod1.breakdown": 1 - carrier * (1 - sod1_protein**sod1_trimer_order)}


@mechanism(row="5 FUS")
def fus_condensation(
    soma_fus_condensate,
    genotype_fus_mutant,
    fus_synthesis,
    person_tempo,
    proteostasis_clearance,
    spread_fus_influx,
    fus_growth_rate,
    fus_clearance_half,
    fus_direct_inhibition,
    fus_condensate_inhibition,
    transport_inhibition_by_fus,
):
    """Mutant FUS blocks axonal translation, even without aggregates, and slows transport; its cytoplasmic condensates
    add to the block.

    Equation: dF/dt = tempo k_f d F (1 - F) + influx (1 - F) - V F / (K + F), d = mutant synthesis;
    block = d (a + b F); burden + F; factor on transport 1 / (1 + c d)

    Sources: lopezerauskin2018, birsa2021, murakami2015, guo2017
    """
    dose = genotype_fus_mutant * fus_synthesis
    growth, clearance = seeded_growth(
        soma_fus_condensate, person_tempo * fus_growth_rate, dose, proteostasis_clearance, fus_clearance_half
    )
    return {
        "d/dt soma.fus_condensate": growth + spread_fus_influx * (1 - soma_fus_condensate) - clearance,
        "soma.burden": soma_fus_condensate,
        "axon.transport_factor": 1 / (1 + transport_inhibition_by_fus * dose),
        "soma.fus_inhibition": dose * (fus_direct_inhibition + fus_condensate_inhibition * soma_fus_condensate),
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


@mechanism(scope="person", row="5 C9orf72")
def dipeptide_repeats(
    c9orf72_dipeptide_repeat,
    genotype_c9orf72_expansion,
    c9orf72_translation,
    c9orf72_repeat_half_life,
    transport_inhibition_by_dipeptide_repeat,
    immune_activation_by_dipeptide_repeat,
):
    """The C9orf72 expansion is translated into dipeptide repeats that block transport and nuclear import.

    Equation: dD/dt = ln2 / t_half (expansion * translation - D); factor on transport 1 / (1 + a D); activation of
    T cells + w D, for which the repeat protein stands as the antigen of a carrier

    Sources: fumagalli2021, jiang2016, gendron2017, michaelis2025
    """
    return {
        "d/dt c9orf72.dipeptide_repeat": log(2)
        / c9orf72_repeat_half_life
        * (genotype_c9orf72_expansion * c9orf72_translation - c9orf72_dipeptide_repeat),
        "axon.transport_factor": 1 / (1 + transport_inhibition_by_dipeptide_repeat * c9orf72_dipeptide_repeat),
        "immune.activation": immune_activation_by_dipeptide_repeat * c9orf72_dipeptide_repeat,
    }
