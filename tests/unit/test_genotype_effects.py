"""What a genotype does to a number, and whose disease shows a mechanism of one gene."""

from __future__ import annotations

import numpy as np
import pytest

from charcot.disease.genotypes import Effect
from charcot.studies.ablation import population_for


def effect(operation: str) -> Effect:
    return Effect("pool.death_constant", operation, 3.0, "free", "F")


def test_set_sets_and_multiply_multiplies() -> None:
    values = np.array([1.0, 2.0])
    np.testing.assert_array_equal(effect("set").on(values), [3.0, 3.0])
    np.testing.assert_array_equal(effect("multiply").on(values), [3.0, 6.0])


def test_no_other_operation_is_taken_for_one_of_them() -> None:
    with pytest.raises(KeyError, match="add"):
        effect("add").on(np.array([1.0]))


@pytest.mark.parametrize(
    ("mechanism", "population"),
    [
        ("genetic.fus_harm", "fus"),
        ("genetic.dipeptide_repeats", "c9orf72"),
        ("microglia.sod1_of_glia", "sod1"),
        ("delivery.diffusion_of_vectors", "sporadic"),
        ("tcells.infusion", "sporadic"),
    ],
)
def test_a_gene_is_a_word_of_a_mechanisms_name(mechanism: str, population: str) -> None:
    assert population_for(mechanism) == population
