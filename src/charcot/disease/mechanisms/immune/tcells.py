"""T cells and natural killer cells (row 10), with the autoimmune reading as a switchable hypothesis."""

from charcot.model.algebra import log, mean, saturating, softplus
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="10 adaptive immunity")
def activation(microglia_toxic):
    """T cells are activated by toxic microglia.

    Equation: x = mean toxic microglia; act + x. Effector cells are not told apart by what they recognise, and their
    interleukin-10 is left out.

    Sources: coque2019
    """
    inflammation = mean(microglia_toxic)
    return {"immune.inflammation": inflammation, "immune.activation": inflammation}


@mechanism(scope="person", row="10 adaptive immunity")
def autoreactivity(lesion_load, immune_autoreactivity, lesion_autoreactivity):
    """T cells are activated by self-antigen in the autoimmune reading.

    Equation: act + autoreactivity + l mean lesion

    Sources: michaelis2025
    """
    return {"immune.activation": immune_autoreactivity + lesion_autoreactivity * mean(lesion_load)}


@mechanism(scope="person", row="10 adaptive immunity")
def t_cells(
    immune_inflammation,
    immune_activation,
    immune_treg,
    immune_th2,
    immune_th1,
    immune_cd8,
    immune_treg_supply,
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
    dTh2/dt = k_mem [1 / (1 + b x) - Th2]; dTh1/dt = k_mem [1 + c act / (K + act) 2 / (1 + Treg) - Th1], CD8 alike.
    Without lymphocytes (RAG2 knock-out) every supply is multiplied by what is left of them.

    Sources: henkel2013, beers2008, beers2017, vukmanovic2006, cui2022, yazdani2022, coque2019
    Against: tada2011
    """
    driven = saturating(immune_activation, immune_activation_half) * 2 / (1 + immune_treg)
    regulatory = log(2) / immune_treg_doubling_time
    memory = log(2) / immune_memory_doubling_time
    supply = immune_lymphocytes * immune_treg_base * immune_treg_supply
    left = immune_lymphocytes
    return {
        "d/dt immune.treg": regulatory * (supply / (1 + immune_treg_loss * immune_inflammation) - immune_treg),
        "d/dt immune.th2": memory * (left / (1 + immune_th2_loss * immune_inflammation) - immune_th2),
        "d/dt immune.th1": memory * (left * (1 + immune_th1_gain * driven) - immune_th1),
        "d/dt immune.cd8": memory * (left * (1 + immune_cd8_gain * driven) - immune_cd8),
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

    Equation: auto = autoreactivity + l lesion; entry = mt / (K + mt) + auto;
    e = entry softplus((Th1 + CD8) / 2 - Treg); infiltration = e / (K_e + e); attack = auto infiltration, zero unless
    the autoimmune hypothesis is on

    Sources: coque2019, michaelis2025, garofalo2020
    """
    autoreactive = immune_autoreactivity + lesion_autoreactivity * lesion_load
    entry = saturating(microglia_toxic, immune_entry_half) + autoreactive
    outnumbering = entry * softplus((immune_th1 + immune_cd8) / 2 - immune_treg, immune_restraint_width)
    entered = saturating(outnumbering, immune_infiltration_half)
    return {"immune.infiltration": entered, "immune.attack": autoreactive * entered}
