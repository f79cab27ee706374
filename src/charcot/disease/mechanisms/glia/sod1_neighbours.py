"""Mutant SOD1 of the cells around a motor neuron (row 5): where they have none, the neuron feels less of its own.

Nothing is excised in a person, so that relief is zero there; it is a question to mice.
"""

from charcot.model.mechanism import mechanism


@mechanism(row="5 SOD1")
def relief_by_microglia(sod1_harm_share_of_microglia, sod1_excised_from_microglia):
    """Beside microglia without mutant SOD1 a motor neuron feels less of the harm of its own.

    Equation: relief = w excised

    Sources: boillee2006, beers2008, pramatarova2001
    """
    return {"soma.sod1_relief": sod1_harm_share_of_microglia * sod1_excised_from_microglia}


@mechanism(row="5 SOD1")
def relief_by_astrocytes(sod1_harm_share_of_astrocytes, sod1_excised_from_astrocytes):
    """Beside astrocytes without mutant SOD1 a motor neuron feels less of the harm of its own.

    Equation: relief = w excised

    Sources: yamanaka2008, pramatarova2001
    """
    return {"soma.sod1_relief": sod1_harm_share_of_astrocytes * sod1_excised_from_astrocytes}


@mechanism(row="5 SOD1")
def relief_by_oligodendrocytes(sod1_harm_share_of_oligodendrocytes, sod1_excised_from_oligodendrocytes):
    """Beside oligodendrocytes without mutant SOD1 a motor neuron feels less of the harm of its own.

    Equation: relief = w excised

    Sources: kang2013_oligodendrocytes, pramatarova2001
    """
    return {"soma.sod1_relief": sod1_harm_share_of_oligodendrocytes * sod1_excised_from_oligodendrocytes}
