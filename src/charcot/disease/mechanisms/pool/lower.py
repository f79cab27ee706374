"""Pools of lower motor neurons: recruited one by one, denervated in weeks, dead in about a year (row 8).

The axon and soma of a region describe a *recruited* neuron; a pool is a population that is recruited over time. One
shared axon that drove the whole pool directly would make a region fall at once, which no patient shows.
"""

from charcot.model.algebra import exp, hill, log, minimum
from charcot.model.mechanism import mechanism


@mechanism(row="8 NMJ and motor units")
def vulnerability(
    microglia_toxicity,
    immune_infiltration,
    immune_natural_killer,
    glutamate_excitotoxic_drive,
    microglia_help,
    c9orf72_dipeptide_repeat,
    soma_fus_inhibition,
    proteostasis_capacity,
    pool_weight_microglia,
    pool_weight_tcells,
    pool_weight_excitotoxicity,
    pool_vulnerability_scale,
    pool_trophic_help,
    pool_vulnerability_by_dipeptide_repeat,
    pool_vulnerability_by_fus,
    pool_vulnerability_by_natural_killer,
    pool_ageing_exponent,
    pool_ageing_reference,
    sod1_schwann_support,
    sod1_excised_from_schwann_cells,
    genotype_sod1_mutant,
):
    """What kills a sick neuron is shared out between its own failure, glia, T cells and glutamate.

    Equation: V = s [(1 - w_m - w_t - w_x) + w_m microglia + w_t T cells + w_x excitotoxicity] / (1 + b help)
    * (1 + c DPR + f FUS) * (Q_ref / Q)^n * (1 + h excised): Schwann cells of a carrier shield the axon by the
    dismutase activity of their mutant SOD1, and excising it from them adds to vulnerability. * exp(k (N - 1)):
    natural killer cells harm (k > 0, mouse) or protect (k < 0, people); one at their healthy mean.

    Sources: boillee2006, coque2019, cochrane2012_riluzole, beers2008, lobsiger2009, cui2022, garofalo2020
    Against: gowing2008, murdock2021
    """
    own = 1 - pool_weight_microglia - pool_weight_tcells - pool_weight_excitotoxicity
    around = (
        own
        + pool_weight_microglia * microglia_toxicity
        + pool_weight_tcells * immune_infiltration
        + pool_weight_excitotoxicity * glutamate_excitotoxic_drive
    )
    genetic = (
        1
        + pool_vulnerability_by_dipeptide_repeat * c9orf72_dipeptide_repeat
        + pool_vulnerability_by_fus * soma_fus_inhibition
    )
    ageing = (pool_ageing_reference / proteostasis_capacity) ** pool_ageing_exponent
    nourished = 1 + pool_trophic_help * microglia_help
    unshielded = 1 + sod1_schwann_support * sod1_excised_from_schwann_cells * minimum(genotype_sod1_mutant, 1)
    killers = exp(pool_vulnerability_by_natural_killer * (immune_natural_killer - 1))
    return {
        "pool.vulnerability": pool_vulnerability_scale * around / nourished * genetic * ageing * unshielded * killers
    }


@mechanism(row="8 NMJ and motor units")
def rates(
    axon_failure_terminal,
    axon_failure_mean,
    soma_burden,
    pool_vulnerability,
    person_tempo,
    pool_regional_susceptibility,
    pool_recruitment_constant,
    pool_death_constant,
    pool_return_constant,
    pool_death_by_axon,
    pool_death_by_burden,
    pool_death_by_terminal,
    pool_burden_half,
    pool_burden_exponent,
    pool_harm_by_attack,
    immune_attack,
    pool_forward_death,
    sod1_breakdown,
    macrophage_damage,
):
    """Energy failure of the ending recruits neurons; failing axon, ending and protein burden kill them; health returns
    when the axon works again.

    Equation: recruit = tempo k_rec r_region (f_term D + g + h attack) V;
    kill = tempo k_d (a f_mean + b B^2 / (K^2 + B^2) + c f_term D S + g + h attack) V; back = k_back (1 - f_term);
    g = forward B^2 / (K^2 + B^2): a pool that dies forward is recruited and killed by its own burden, before its
    endings fail. S is the breakdown of failed endings by mutant SOD1, one unless SOD1 is lowered in a carrier; D is the
    damage of failing endings as macrophages of nerve and muscle leave it, one unless these are treated.

    Sources: walker2015, spiller2016b, neuwirth2015, fogarty2024, valor2022, trias2016
    """
    attack = pool_harm_by_attack * immune_attack
    damaged = axon_failure_terminal * macrophage_damage
    burdened = hill(soma_burden, pool_burden_half, pool_burden_exponent)
    forward = pool_forward_death * burdened
    harm = (
        attack
        + forward
        + pool_death_by_axon * axon_failure_mean
        + pool_death_by_burden * burdened
        + pool_death_by_terminal * damaged * sod1_breakdown
    )
    return {
        "pool.recruitment_rate": person_tempo
        * pool_recruitment_constant
        * pool_regional_susceptibility
        * (damaged + forward + attack)
        * pool_vulnerability,
        "pool.death_rate": person_tempo * pool_death_constant * harm * pool_vulnerability,
        "pool.recovery_rate": pool_return_constant * (1 - axon_failure_terminal),
    }


@mechanism(row="8 NMJ and motor units")
def junction_rates(
    axon_failure_terminal,
    axon_atp_terminal,
    soma_stathmin2,
    mir126_semaphorin,
    macrophage_damage,
    nmj_denervation_constant,
    nmj_reinnervation_constant,
):
    """Energy failure, macrophages and semaphorin detach endings; energy and stathmin-2 let them regrow.

    Equation: detach = k_de f_term D semaphorin; regrow = k_re STMN2 E. D is the damage as macrophages leave it, one
    unless these are treated.

    Sources: maimon2018, krus2022, melamed2019, altman2021, trias2016
    """
    return {
        "nmj.denervation_rate": nmj_denervation_constant
        * axon_failure_terminal
        * macrophage_damage
        * mir126_semaphorin,
        "nmj.reinnervation_rate": nmj_reinnervation_constant * soma_stathmin2 * axon_atp_terminal,
    }


@mechanism(row="8 NMJ and motor units")
def calibre(axon_calibre, soma_stathmin2, calibre_half_life):
    """Axons keep their calibre by stathmin-2; without it they collapse over months, and endings go with them.

    Equation: dc/dt = ln2 / t_half (STMN2 - c), c = 1 in health and 0 when collapsed. One calibre stands for all
    axons of a region.

    Sources: lopezerauskin2024, krus2022
    """
    return {"d/dt axon.calibre": log(2) / calibre_half_life * (soma_stathmin2 - axon_calibre)}


@mechanism(row="8 NMJ and motor units")
def pools(
    pool_healthy_fast,
    pool_healthy_slow,
    pool_recruited_fast,
    pool_recruited_slow,
    pool_innervating_fast,
    pool_innervating_slow,
    pool_recruitment_rate,
    pool_death_rate,
    pool_recovery_rate,
    nmj_denervation_rate,
    nmj_reinnervation_rate,
    nmj_unit_size,
    sprouting_ceiling,
    pool_ageing_rate,
    pool_fast_share,
    pool_fast_vulnerability,
    pool_slow_vulnerability,
    pool_fast_death,
    pool_slow_death,
    pool_resting_innervation,
    nmj_overload_rate,
    nmj_overload_by_size,
    biomarker_nfl_share_of_denervation,
    axon_calibre,
    sod1_breakdown,
):
    """Fast-fatigable units are recruited and lost first; a recruited neuron loses its endings, then dies.

    Equation, for each type: dh/dt = -v lam h - k_age h + back J; dx/dt = v lam h - (d kill + k_age) x - back J;
    dJ/dt = v lam h + regrow (x - J) - [d kill + k_age + back + v (overload + detach)] J,
    overload = k_0 (1 + c (s / f_max)^2). Endings of healthy neurons turn over too: of them r / (r + (1 - r)
    [1 + v (1 / calibre - 1)]) work, r with a whole calibre. Flux of loss = d kill x + w v detach J S: of the endings
    that detach, those break down that mutant SOD1 attacks (all of them in an untreated carrier and in others, S = 1).

    Sources: hegedus2007, pun2006, saxena2009, lemasson2014, piasecki2016, krus2022, lopezerauskin2024, valor2022
    """
    overload = nmj_overload_rate * (1 + nmj_overload_by_size * (nmj_unit_size / sprouting_ceiling) ** 2)
    types = {
        "fast": (
            pool_healthy_fast,
            pool_recruited_fast,
            pool_innervating_fast,
            pool_fast_vulnerability,
            pool_fast_death,
        ),
        "slow": (
            pool_healthy_slow,
            pool_recruited_slow,
            pool_innervating_slow,
            pool_slow_vulnerability,
            pool_slow_death,
        ),
    }
    shares = {"fast": pool_fast_share, "slow": 1 - pool_fast_share}
    out = {}
    neurons = units = flux = 0
    for kind, (healthy, recruited, innervating, vulnerable, mortal) in types.items():
        entering = vulnerable * pool_recruitment_rate * healthy
        returning = pool_recovery_rate * innervating
        dying = mortal * pool_death_rate
        detaching = vulnerable * (overload + nmj_denervation_rate)
        out[f"d/dt pool.healthy_{kind}"] = returning - entering - pool_ageing_rate * healthy
        out[f"d/dt pool.recruited_{kind}"] = entering - returning - (dying + pool_ageing_rate) * recruited
        out[f"d/dt pool.innervating_{kind}"] = (
            entering
            + nmj_reinnervation_rate * (recruited - innervating)
            - (dying + pool_ageing_rate + pool_recovery_rate + detaching) * innervating
        )
        share = shares[kind]
        neurons = neurons + share * (healthy + recruited)
        lost = (1 - pool_resting_innervation) * (1 + vulnerable * (1 / axon_calibre - 1))
        resting = pool_resting_innervation / (pool_resting_innervation + lost)
        units = units + share * (resting * healthy + innervating)
        detached = vulnerable * nmj_denervation_rate * innervating
        degenerating = biomarker_nfl_share_of_denervation * sod1_breakdown * detached
        flux = flux + share * (dying * recruited + degenerating)
    return {**out, "pool.neurons": neurons, "pool.motor_units": units, "pool.loss_flux": flux}
