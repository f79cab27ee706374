"""Oligodendrocytes feed axons with lactate through MCT1 (row 7)."""

from charcot.model.algebra import maximum, saturating
from charcot.model.mechanism import mechanism


@mechanism(row="7 mitochondria")
def lactate_supply(
    oligodendrocyte_support,
    soma_burden,
    cytokine_pro,
    oligodendrocyte_burden_half,
    oligodendrocyte_loss_by_burden,
    oligodendrocyte_loss_by_pro,
):
    """Oligodendrocytes lose MCT1 where protein misfolds and where there is inflammation.

    Equation: supply = support [1 - a B / (K + B)] / (1 + b p)

    Sources: lee2012
    """
    kept = 1 - oligodendrocyte_loss_by_burden * saturating(soma_burden, oligodendrocyte_burden_half)
    inflamed = 1 + oligodendrocyte_loss_by_pro * cytokine_pro
    return {"oligodendrocyte.supply": oligodendrocyte_support * kept / inflamed}


@mechanism(row="7 mitochondria")
def harm_by_lost_lactate(oligodendrocyte_supply, proteostasis_capacity, energy_oligodendrocyte_loss):
    """Axons that are fed less lactate run short of energy, the more so the older they are.

    Equation: harm to energy = e max(0, 1 - supply) / Q^2

    Sources: lee2012, philips2021
    """
    lost = maximum(1 - oligodendrocyte_supply, 0)
    return {"axon.harm": energy_oligodendrocyte_loss * lost / proteostasis_capacity**2}
