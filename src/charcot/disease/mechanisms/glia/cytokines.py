"""Cytokines of a region (row 9): one pro-inflammatory and one anti-inflammatory, as states between cells and harm."""

from charcot.model.algebra import log, saturating
from charcot.model.mechanism import mechanism


@mechanism(row="9 neuroinflammation")
def pro_inflammatory(
    cytokine_pro,
    cytokine_anti,
    cytokine_arm,
    microglia_toxic,
    immune_infiltration_th1,
    microglia_toxic_half,
    cytokine_pro_by_th1,
    cytokine_anti_half,
    cytokine_pro_response_time,
):
    """Toxic microglia and Th1 cells make pro-inflammatory cytokine, through arms that stand in for each other;
    anti-inflammatory cytokine holds its making back.

    Equation: dp/dt = ln2 / t_half [arm (mt / (K + mt) + w Th1 that entered) (1 + K_a) / (K_a + a) - p]. The arm is the
    joint strength of TNF, interleukin-1 and complement. p is 0 in health; a is 1 there, so that the last factor is one.
    The molecules decay within minutes to hours; their level answers within a day.

    Sources: frakes2014, guttenplan2020, beers2008, stroke_cytokine_ode
    """
    restrained = (1 + cytokine_anti_half) / (cytokine_anti_half + cytokine_anti)
    made = saturating(microglia_toxic, microglia_toxic_half) + cytokine_pro_by_th1 * immune_infiltration_th1
    turnover = log(2) / cytokine_pro_response_time
    return {"d/dt cytokine.pro": turnover * (cytokine_arm * made * restrained - cytokine_pro)}


@mechanism(row="9 neuroinflammation")
def anti_inflammatory(
    cytokine_anti,
    immune_th2,
    immune_treg,
    microglia_protective,
    cytokine_anti_share_of_th2,
    cytokine_anti_by_microglia,
    cytokine_protective_half,
    cytokine_anti_response_time,
):
    """Th2 cells, regulatory T cells and protective microglia make anti-inflammatory cytokine (interleukin-4 and -10).

    Equation: da/dt = ln2 / t_half [v Th2 + (1 - v) Treg + w mp / (K + mp) - a], one in health. A mouse that has
    regulatory cells alone has the part 1 - v of it.

    Sources: beers2008, beers2011, cui2022, henkel2013, stroke_cytokine_ode
    """
    made = (
        cytokine_anti_share_of_th2 * immune_th2
        + (1 - cytokine_anti_share_of_th2) * immune_treg
        + cytokine_anti_by_microglia * saturating(microglia_protective, cytokine_protective_half)
    )
    return {"d/dt cytokine.anti": log(2) / cytokine_anti_response_time * (made - cytokine_anti)}


@mechanism(row="9 neuroinflammation")
def switch_by_cytokines(
    cytokine_pro,
    cytokine_anti,
    immune_th1,
    microglia_gate_without_th1,
    microglia_gate_tcell_half,
    microglia_gate_by_pro,
):
    """Microglia turn toxic the sooner the less anti-inflammatory and the more pro-inflammatory cytokine is around them,
    and the more Th1 cells call them.

    Equation: factor = (1 + K^2) i^2 / (K^2 a^2 + i^2) (1 + g p), i = c + (1 - c) Th1; one in health, where a = i = 1
    and p = 0. The share c of the call comes from the cord itself: without T cells microglia turn toxic all the same.

    Sources: beers2008, beers2011, henkel2013
    """
    call = microglia_gate_without_th1 + (1 - microglia_gate_without_th1) * immune_th1
    half = microglia_gate_tcell_half**2
    open_ = (1 + half) * call**2 / (half * cytokine_anti**2 + call**2)
    return {"microglia.gate_factor": open_ * (1 + microglia_gate_by_pro * cytokine_pro)}
