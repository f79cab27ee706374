"""What lost nuclear TDP-43 does to UNC13A (row 4); stathmin-2 stands with the shuttling of TDP-43."""

from charcot.model.algebra import hill, maximum
from charcot.model.mechanism import mechanism


@mechanism(row="4 TDP-43")
def unc13a(
    soma_tdp43_nuclear,
    tdp43_nuclear_share,
    tdp43_unc13a_half,
    tdp43_unc13a_exponent,
    unc13a_cryptic_exon,
    unc13a_gene_dose,
):
    """Without nuclear TDP-43 a cryptic exon enters UNC13A, whose protein is lost, later than stathmin-2.

    Equation: UNC13A = dose [1 - x + x (1 + K^n) N^n / (K^n + N^n)], N the nuclear TDP-43 over health, x = 1 where the
    exon exists: it is human, and mice have none.

    Sources: brown2022, ma2022, stmn2_order
    """
    relative = soma_tdp43_nuclear / tdp43_nuclear_share
    spliced = (1 + tdp43_unc13a_half**tdp43_unc13a_exponent) * hill(relative, tdp43_unc13a_half, tdp43_unc13a_exponent)
    return {"soma.unc13a": unc13a_gene_dose * (1 - unc13a_cryptic_exon + unc13a_cryptic_exon * spliced)}


@mechanism(row="4 TDP-43")
def harm_by_lost_unc13a(soma_unc13a, pool_harm_by_unc13a):
    """Neurons without UNC13A lose their synapses and sicken somewhat sooner.

    Equation: harm to neurons = w max(0, 1 - UNC13A)

    Sources: keuss2024, ma2022
    """
    return {"pool.harm": pool_harm_by_unc13a * maximum(1 - soma_unc13a, 0)}
