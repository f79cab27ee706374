"""Ideal rescue: from a chosen day on, a layer of the disease is undone as no drug could do it.

What an ideal rescue still gives from day t on is the most that any treatment of that layer could give from then on. As
t grows, what stays lost is what the layer cannot give back: dead neurons, endplates that lost competence, regions that
were seeded meanwhile. That is the time of no return, and it follows from the equations, not from a number set for it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from charcot import patients
from charcot.core.errors import Where
from charcot.core.program import Program
from charcot.core.schedule import Event, EventKind
from charcot.model.compose import compose
from charcot.model.definition import Modifier
from charcot.model.mechanism import Mechanism
from charcot.model.ports import Port

ROW = "ideal rescue"
FULL = "full"
SPEED = 100.0  # how many times faster an ideal clearance is: protein is gone within weeks
RELIEF = 1000.0  # an ideal relief of the blocks of translation: none of them is left


@dataclass(frozen=True)
class Layer:
    """A layer of the disease that an ideal rescue undoes.

    ``stopped``: variables and numbers that fall to zero; ``sped``: those that are multiplied by ``SPEED``;
    ``relieved``: those to which ``RELIEF`` is added.
    """

    name: str
    title: str
    what: str
    stopped: tuple[str, ...] = ()
    sped: tuple[str, ...] = ()
    relieved: tuple[str, ...] = ()


LAYERS = (
    Layer(
        "protein",
        "misfolded protein",
        "Seeding stops, TDP-43, SOD1 and FUS loads are cleared within weeks, and no repeat protein is made.",
        stopped=("spread.influx", "spread.upper_influx", "spread.sod1_influx", "spread.fus_influx",
                 "sod1.synthesis", "fus.synthesis", "c9orf72.translation"),
        sped=("proteostasis.clearance",),
    ),
    Layer(
        "axon",
        "the axon",
        "Every block of local translation is relieved, no condensate forms, and no ending fails for lack of energy.",
        stopped=("axon.failure", "condensate.formation_rate"),
        relieved=("translation.restoration",),
    ),
    Layer(
        "cells",
        "neurons and endings",
        "No further neuron is detached or killed, upper or lower, but for age.",
        stopped=("pool.death_rate", "nmj.denervation_rate", "upper.death_constant"),
    ),
)  # fmt: skip
NAMES = (*(layer.name for layer in LAYERS), FULL)


def layer_title(name: str) -> str:
    """The layer in words; ``full`` is all layers at once."""
    return next((f"ideal rescue of {layer.title}" for layer in LAYERS if layer.name == name), "full rescue")


def events(layer: str, day: float) -> list[Event]:
    """The rescue of a layer (or of all, ``full``) from ``day`` on the patient's clock."""
    if layer not in NAMES:
        raise KeyError(f"no layer is called {layer!r}; there are {', '.join(NAMES)}")
    chosen = [one.name for one in LAYERS if layer in (one.name, FULL)]
    return [Event(day, f"rescue.{name}", EventKind.SET, 1.0) for name in chosen]


@functools.cache
def program() -> Program:
    """The whole model with a switch for each layer (inputs ``rescue.<layer>``, 0 until an event sets them to 1)."""
    whole = patients.definition()
    ports: list[Port] = []
    mechanisms: list[Mechanism] = []
    modifiers: list[Modifier] = []
    for layer in LAYERS:
        ports.append(_port(f"rescue.{layer.name}", "input", 0.0, f"Ideal rescue of {layer.title} (0 = not yet)"))
        for local, targets, combine, healthy, effect in (
            ("left", layer.stopped, "multiply", 1.0, _left),
            ("speed", layer.sped, "multiply", 1.0, _speed),
            ("relief", layer.relieved, "add", 0.0, _relief),
        ):
            if targets:
                name = f"rescue.{layer.name}_{local}"
                ports.append(_port(name, "variable", healthy, f"Ideal rescue of {layer.title}: {local}"))
                mechanisms.append(_mechanism(layer.name, local, effect))
                modifiers += [Modifier(target, name, combine) for target in targets]
    title = f"{whole.title}, with ideal rescues"
    return compose(replace(whole.extended(ports, (), mechanisms, modifiers), title=title))


def _left(on: Any) -> Any:
    return 1 - on


def _speed(on: Any) -> Any:
    return 1 + (SPEED - 1) * on


def _relief(on: Any) -> Any:
    return RELIEF * on


def _port(name: str, kind: str, healthy: float, title: str) -> Port:
    return Port(name, kind, "person", "1", healthy, 1.0, title)


def _mechanism(layer: str, local: str, effect: Callable[[Any], Any]) -> Mechanism:
    argument, written = f"rescue_{layer}", f"rescue.{layer}_{local}"

    def function(**values: Any) -> Mapping[str, Any]:
        return {written: effect(values[argument])}

    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY)]
    )
    function.__doc__ = "An ideal rescue is a question put to the model, not a treatment.\n\nSources: free"
    return Mechanism(f"rescue.{layer}_{local}", "person", function, ROW, Where.of("rescue.py"))
