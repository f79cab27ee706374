"""Plausible models: figures narrow the numbers that they speak of, others keep their prior, and a fit goes on."""

from __future__ import annotations

import csv
import math
from types import SimpleNamespace

import numpy as np
import pytest

from charcot.core.errors import Problems
from charcot.fitting import plausible
from charcot.patients import targets

SHARES = 3  # numbers that the figures below say anything of


@pytest.fixture(scope="module")
def known():
    return targets.load()


def figures_of(known, values):
    """Figures that are linear in the first three numbers, and hold where all three stand one prior SD above start."""
    z = [math.log(values[n.name] / n.start) / n.spread for n in plausible.numbers()[:SHARES]]
    off = [z[k % SHARES] - 1.0 for k in range(len(known))]
    return [t.value + 0.5 * math.hypot(t.error, t.between) * d for t, d in zip(known, off, strict=True)]


@pytest.fixture
def linear(known, monkeypatch):
    """A check of patients that takes no time; every third model of the first draw has nobody who falls ill."""
    calls = []

    def check(patients, seed, under, *, with_errors):
        calls.append(seed)
        values = {n.name: under.overrides.get(n.name) or next(
            value for name, value in under.overrides.items() if name.endswith(n.name)
        ) for n in plausible.numbers()}  # fmt: skip
        if seed % 3 == 0 and not with_errors:
            raise ValueError("nobody falls ill")
        found = figures_of(known, values)
        verdicts = [SimpleNamespace(simulated=f, monte_carlo=0.0) for f in found]
        return SimpleNamespace(verdicts=verdicts, failed=0)

    monkeypatch.setattr(plausible.population_check, "check", check)
    return calls


def test_every_declared_number_has_a_prior_and_says_why():
    declared = plausible.declared()
    assert all(len(why) > 10 for why in declared.values())
    assert [n.name for n in plausible.numbers()] == list(declared)
    assert all(n.spread > 0 for n in plausible.numbers())


def test_first_draws_are_as_wide_as_asked(linear, tmp_path):
    wide, narrow = (
        plausible.fit(tmp_path / str(width), models=12, patients=100, rounds=1, seed=2, width=width).rounds[0][0]
        for width in (1.0, 0.25)
    )
    known = (wide[1:] != 0).all(axis=1)
    ratio = narrow[1:].std() / wide[1:].std()
    assert known.all()
    assert ratio == pytest.approx(0.25, rel=0.1)


def test_figures_narrow_the_numbers_they_speak_of_and_no_others(linear, tmp_path):
    found = plausible.fit(tmp_path, models=60, patients=100, rounds=3, seed=2)
    z = found.points
    assert z.shape == (60, len(plausible.numbers()))
    assert z[:, :SHARES].mean(axis=0) == pytest.approx(np.ones(SHARES), abs=0.35)
    assert (z[:, :SHARES].std(axis=0) < 0.6).all()
    assert 0.75 < z[:, SHARES:].std(axis=0).mean() < 1.15
    shares = [np.median(found.shares_inside(k, "validation")[1:]) for k in range(4)]
    assert shares[-1] >= shares[0]
    assert np.median(found.costs(3)[1:]) < 0.5 * np.median(found.costs(0)[1:])
    assert found.draws.max() > 1  # models under which nobody fell ill were drawn again
    assert (found.rounds[0][0][0] == 0).all()
    assert (found.rounds[-1][0][0] == 0).all()  # the shipped model is never moved


def test_a_fit_goes_on_where_it_stood_with_the_same_models(linear, tmp_path):
    whole = plausible.fit(tmp_path / "whole", models=12, patients=100, rounds=2, seed=3)
    ended = []

    def end(count):
        ended.append(count)
        if sum(ended) > 18:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plausible.fit(tmp_path / "again", models=12, patients=100, rounds=2, seed=3, progress=end)
    before = len(linear)
    again = plausible.fit(tmp_path / "again", models=12, patients=100, rounds=2, seed=3)
    assert len(linear) - before < before  # what was there was not simulated again
    assert (again.points == whole.points).all()


def test_what_is_stored_is_read_back_and_says_what_made_it(linear, tmp_path, known):
    found = plausible.fit(tmp_path / "fit", models=12, patients=100, rounds=1, seed=4)
    told = plausible.record(found, "charcot population fit --models 12")
    plausible.store(found, told, tmp_path)
    stored = plausible.read(tmp_path / plausible.SHIPPED.name)
    assert len(stored) == 12
    for row, z in zip(stored, found.points, strict=True):
        assert row == pytest.approx(plausible.values_at(z), rel=1e-5)
    with (tmp_path / plausible.SHIPPED.name).open() as handle:
        assert next(csv.reader(handle))[0] == "model"
    assert told["targets"] == targets.frozen_hash()
    assert told["models"] == 12
    assert len(told["rounds"]) == 2


def test_another_fit_is_not_gone_on_with(linear, tmp_path):
    plausible.fit(tmp_path, models=12, patients=100, rounds=1, seed=4)
    with pytest.raises((plausible.campaign.CampaignError, Problems), match="begun as something else"):
        plausible.fit(tmp_path, models=12, patients=100, rounds=1, seed=5)
