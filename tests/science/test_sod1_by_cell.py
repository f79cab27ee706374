"""What a motor neuron feels of its own misfolded SOD1 goes through the cells around it that hold mutant SOD1 too."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from test_equations import drawn, evaluate

from charcot.disease.mechanisms.soma import genetic
from charcot.experiments.arms import Trace, trace
from charcot.experiments.definition import Arm

LINE = "sod1-g37r"
INNERVATION = "lumbar.nmj.innervation"
AROUND = ("microglia", "astrocytes", "oligodendrocytes")
SHARES = tuple(f"sod1.harm_share_of_{cell}" for cell in AROUND)


@functools.cache
def mouse(excised: float, *cells: str) -> Trace:
    arm = Arm.model_validate({"end": 900, "set": {f"sod1.excised_from_{cell}": excised for cell in cells}})
    return trace(arm, LINE, (INNERVATION, "lumbar.soma.sod1_misfolded", "lumbar.soma.er_stress"), {})


@pytest.mark.parametrize("cell", AROUND)
def test_each_type_of_cell_that_loses_mutant_sod1_delays_disease_by_as_much_of_it_as_it_loses(cell: str) -> None:
    steps = {
        landmark: np.diff([mouse(excised, cell).landmark(landmark) for excised in (0, 0.25, 0.5, 0.75, 1)])
        for landmark in ("signs", "end")
    }
    assert all((days > 0).all() for days in steps.values()), steps
    assert steps["signs"].max() < 0.4 * steps["signs"].sum()  # four steps much alike: none of them is a switch


def test_more_types_of_cell_without_mutant_sod1_delay_it_by_more() -> None:
    signs = [mouse(1, *AROUND[:count]).landmark("signs") for count in range(4)]
    assert signs[1] > 1.03 * signs[0]
    assert signs[2] > 1.1 * signs[0]
    assert signs[3] == np.inf


def test_in_neurons_alone_sod1_misfolds_as_elsewhere_and_does_nothing() -> None:
    alone, all_cells = mouse(1, *AROUND), mouse(1)
    read = "lumbar.soma.sod1_misfolded"
    assert alone.at(read, 200) > all_cells.at(read, 200)  # nothing calls microglia that would clear it
    assert alone.at(read, 548) > 0.9
    assert alone.at(INNERVATION, 548) > 0.95 * trace(Arm(), "mouse", (INNERVATION,), {}).at(INNERVATION, 548)
    assert alone.at("lumbar.soma.er_stress", 548) < 0.01 * all_cells.at("lumbar.soma.er_stress", 400)


def test_what_is_spared_is_no_part_of_the_burden() -> None:
    v = drawn(genetic.sod1_misfolding)
    whole, half, none = (
        evaluate(genetic.sod1_misfolding, {**v, "soma_sod1_relief": relief}) for relief in (0.0, 0.5, 1.0)
    )
    for port in ("soma.sod1_toxic", "soma.burden"):
        assert half[port] == pytest.approx(whole[port] / 2, rel=1e-12)
        assert none[port] == pytest.approx(0, abs=1e-15)
    assert half["d/dt soma.sod1_misfolded"] == whole["d/dt soma.sod1_misfolded"]


def test_without_the_mutant_sod1_of_schwann_cells_the_late_phase_is_the_shorter_one() -> None:
    carrier, excised = mouse(1), mouse(1, "schwann_cells")
    early = excised.landmark("signs") / carrier.landmark("signs")
    late = (excised.landmark("end") - excised.landmark("signs")) / (carrier.landmark("end") - carrier.landmark("signs"))
    assert 0.9 < early < 1
    assert late < 0.5


def test_in_people_the_shares_of_cells_change_no_bit() -> None:
    reads = (INNERVATION, "lumbar.soma.sod1_misfolded")
    carrier, none = (
        trace(Arm.model_validate({"genotype": "SOD1", "set": dict.fromkeys(SHARES, share)}), "patient-sod1", reads, {})
        for share in (0.3333, 0.0)
    )
    for read in reads:
        np.testing.assert_array_equal(carrier.series(read), none.series(read))
    assert carrier.series(INNERVATION)[-1] < 0.5  # it is a course with disease
