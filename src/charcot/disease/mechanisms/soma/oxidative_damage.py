"""What reactive oxygen leaves behind (row 7): oxidised DNA, lipid and protein, each with a turnover of its own."""

from charcot.model.algebra import log, mean
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="7 oxidative stress")
def oxidative_damage(
    damage_dna,
    damage_lipid,
    damage_protein,
    soma_reactive_oxygen,
    damage_dna_half_life,
    damage_lipid_half_life,
    damage_protein_half_life,
    damage_per_oxygen,
):
    """Reactive oxygen oxidises DNA, lipid and protein; DNA is mended in a day, protein only by being replaced.

    Equation, for each: dD/dt = ln2 / t_half [1 + g (mean R - 1) - D], one in health. Read-outs (8-OHdG,
    malondialdehyde, carbonyls): nothing in the disease reads them.

    Sources: irvin2015
    """
    made = 1 + damage_per_oxygen * (mean(soma_reactive_oxygen) - 1)
    kinds = {
        "dna": (damage_dna, damage_dna_half_life),
        "lipid": (damage_lipid, damage_lipid_half_life),
        "protein": (damage_protein, damage_protein_half_life),
    }
    return {f"d/dt damage.{kind}": log(2) / half * (made - state) for kind, (state, half) in kinds.items()}
