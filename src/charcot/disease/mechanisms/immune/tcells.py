"""T cells and natural killer cells (row 10), with the autoimmune reading as a switchable hypothesis."""

from charcot.model.algebra import exp, log, mean, saturating, softplus
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="10 adaptive immunity")
def activation(microglia_toxic, lesion_load, immune_autoreactivity, lesion_autoreactivity):
    """T cells are activated by toxic microglia, and by self-antigen in the autoimmune reading.

    Equation: x = mean toxic microglia; activation = x + autoreactivity + l mean lesion. Effector cells are not told
    apart by what they recognise, and their interleukin-10 is left out.

    Sources: coque2019
    """
    inflammation = mean(microglia_toxic)
    autoreactive = immune_autoreactivity + lesion_autoreactivity * mean(lesion_load)
    return {"immune.inflammation": inflammation, "immune.activation": inflammation + autoreactive}


@mechanism(scope="person", row="10 adaptive immunity")
def t_cells(
    immune_inflammation,
    immune_activation,
    immune_treg,
    immune_th2,
    immune_th1,
    immune_cd8,
    immune_treg_supply,
    immune_cd4_supply,
    immune_cd8_supply,
    immune_costimulation,
    immune_treg_base,
    immune_treg_loss,
    immune_th2_loss,
    immune_th1_gain,
    immune_cd8_gain,
    immune_activation_half,
    immune_treg_doubling_time,
    immune_memory_doubling_time,
    immune_lymphocytes,
):
    """Regulatory T cells fall as toxic microglia rise; Th1 and CD8 cells that they no longer hold back multiply.

    Equation: dTreg/dt = k_reg [base supply / (1 + a x) - Treg];
    dTh2/dt = k_mem [1 / (1 + b x) - Th2]; dTh1/dt = k_mem [1 + c s act / (K + act) 2 / (1 + Treg) - Th1], CD8 alike.
    s: the second signal (co-stimulation), without which an antigen makes nothing multiply; that regulatory cells need
    it too is left out. Without lymphocytes (RAG2 knock-out) every supply is multiplied by what is left of them, without
    CD4 or CD8 cells theirs alone.

    Sources: henkel2013, beers2008, beers2017, vukmanovic2006, cui2022, yazdani2022, coque2019, lincecum2010
    Against: tada2011
    """
    driven = immune_costimulation * saturating(immune_activation, immune_activation_half) * 2 / (1 + immune_treg)
    regulatory = log(2) / immune_treg_doubling_time
    memory = log(2) / immune_memory_doubling_time
    cd4, cd8 = immune_lymphocytes * immune_cd4_supply, immune_lymphocytes * immune_cd8_supply
    supply = cd4 * immune_treg_base * immune_treg_supply
    return {
        "d/dt immune.treg": regulatory * (supply / (1 + immune_treg_loss * immune_inflammation) - immune_treg),
        "d/dt immune.th2": memory * (cd4 / (1 + immune_th2_loss * immune_inflammation) - immune_th2),
        "d/dt immune.th1": memory * (cd4 * (1 + immune_th1_gain * driven) - immune_th1),
        "d/dt immune.cd8": memory * (cd8 * (1 + immune_cd8_gain * driven) - immune_cd8),
    }


@mechanism(scope="person", row="10 adaptive immunity")
def natural_killer_cells(
    immune_natural_killer, immune_natural_killer_base, immune_natural_killer_supply, immune_memory_doubling_time
):
    """Natural killer cells differ between people and go with survival in them, with loss of neurons in the mouse.

    Equation: dN/dt = k_mem (base supply - N). What they do to neurons is one factor on vulnerability, exp(h (N - 1)),
    and the sign of h is a number of the system: negative in people, positive in the mouse. They are no lymphocytes of
    the RAG2 gene, which leaves them as they are. That they push microglia to toxicity and keep regulatory cells out
    (mouse), and that depletion helped females only in a replication, is left out.

    Sources: cui2022, garofalo2020, vukmanovic2006
    Against: murdock2021
    """
    turnover = log(2) / immune_memory_doubling_time
    return {
        "d/dt immune.natural_killer": turnover
        * (immune_natural_killer_base * immune_natural_killer_supply - immune_natural_killer)
    }


@mechanism(row="10 adaptive immunity")
def infiltration(
    microglia_toxic,
    immune_th1,
    immune_cd8,
    immune_treg,
    immune_autoreactivity,
    lesion_load,
    lesion_autoreactivity,
    immune_entry_half,
    immune_restraint_width,
    immune_infiltration_half,
):
    """Effector cells that outnumber regulatory ones enter where microglia are toxic, or where they are autoreactive.

    Equation: auto = autoreactivity + l lesion; entry = mt / (K + mt) + auto; e_x = entry softplus(x - Treg) / 2 for x =
    Th1 and x = CD8; entered_x = e_x / (K_e + e_Th1 + e_CD8); infiltration = their sum; attack = auto infiltration, zero
    unless the autoimmune hypothesis is on

    Sources: coque2019, michaelis2025, garofalo2020
    """
    autoreactive = immune_autoreactivity + lesion_autoreactivity * lesion_load
    entry = saturating(microglia_toxic, immune_entry_half) + autoreactive
    th1 = entry * softplus(immune_th1 - immune_treg, immune_restraint_width) / 2
    cd8 = entry * softplus(immune_cd8 - immune_treg, immune_restraint_width) / 2
    room = immune_infiltration_half + th1 + cd8
    entered = (th1 + cd8) / room
    return {
        "immune.infiltration_th1": th1 / room,
        "immune.infiltration_cd8": cd8 / room,
        "immune.infiltration": entered,
        "immune.attack": autoreactive * entered,
    }


@mechanism(row="10 adaptive immunity")
def effects_of_natural_killer_cells(immune_natural_killer, pool_vulnerability_by_natural_killer):
    """Natural killer cells harm (k > 0, mouse) or protect (k < 0, people).

    Equation: factor = exp(k (N - 1)), one at their healthy mean

    Sources: garofalo2020, cui2022
    Against: murdock2021
    """
    return {"pool.vulnerability_factor": exp(pool_vulnerability_by_natural_killer * (immune_natural_killer - 1))}


@mechanism(row="10 adaptive immunity")
def harm_by_th1(immune_infiltration_th1, energy_tcell_loss, pool_harm_by_tcells):
    """Th1 cells that enter cost endings energy and harm sick neurons.

    Equation: harm to energy = e Th1 that entered; harm to neurons = w Th1 that entered

    Sources: yazdani2022, michaelis2025
    Against: banerjee2008
    """
    return {
        "axon.harm": energy_tcell_loss * immune_infiltration_th1,
        "pool.harm": pool_harm_by_tcells * immune_infiltration_th1,
    }


@mechanism(row="10 adaptive immunity")
def harm_by_cd8(immune_infiltration_cd8, immune_cd8_killing, energy_tcell_loss, pool_harm_by_tcells):
    """CD8 cells that enter kill motor neurons by contact, and more of them than Th1 cells do.

    Equation: harm to energy = e k CD8 that entered; harm to neurons = w k CD8 that entered

    Sources: coque2019, cui2022
    """
    killing = immune_cd8_killing * immune_infiltration_cd8
    return {"axon.harm": energy_tcell_loss * killing, "pool.harm": pool_harm_by_tcells * killing}
