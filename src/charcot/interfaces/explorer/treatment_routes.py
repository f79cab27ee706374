"""The routes of the Treatments screen: the window of a product, pairs beside their parts, and how sure a gain is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Query

from charcot.interfaces.explorer import opened_shapes, openness
from charcot.interfaces.explorer import treatment_shapes as made
from charcot.interfaces.explorer.jobs import Jobs
from charcot.interfaces.explorer.people import Tell
from charcot.interfaces.explorer.questions import question
from charcot.interfaces.explorer.streams import EventStream, events, stream
from charcot.interfaces.explorer.treatment_layers import opened_gain
from charcot.interfaces.explorer.treatment_questions import (
    FUNCTION,
    TIME,
    USUAL_MONTHS,
    mark,
    pairs_plan,
    window_plan,
)
from charcot.interfaces.explorer.treatments import pairs_of, window_of
from charcot.patients import Traits

Numbers = Annotated[str, Query(max_length=200, description="Numbers with commas between them; empty: the usual ones")]
Years = Annotated[float, Query(allow_inf_nan=False, description="Years from the onset of the untreated course")]
Months = Annotated[int, Query(description="Months after onset at which it is read")]
Gain = Annotated[str, Query(max_length=40, description="What is gained: alsfrs, innervation, or time")]
Function = Annotated[str, Query(max_length=40, description="What is gained: alsfrs or innervation")]
Product = Annotated[str, Query(max_length=60)]
Products = Annotated[list[str] | None, Query(alias="with", max_length=20, description="A treatment, repeatable")]


def _traits(
    genotype: Annotated[str, Query(max_length=40)] = "sporadic",
    age: Annotated[float, Query(description="Age at onset, years", allow_inf_nan=False)] = 62.0,
    site: Annotated[str, Query(max_length=40, description="Region in which disease begins")] = "lumbar",
    exposures: Annotated[str, Query(max_length=400, description="Names with commas between them")] = "",
    seed: Annotated[int | None, Query(description="A drawn person; without it the typical one")] = None,
) -> Traits:
    return question(genotype, age, site, exposures, seed=seed).traits


Who = Annotated[Traits, Depends(_traits)]


def treatment_routes(app: FastAPI, jobs: Jobs, wait: Callable[[Tell | None], None]) -> None:
    """Add the routes; ``wait``: until the kernel is compiled."""

    @app.get("/api/window", response_class=EventStream, responses=events(made.Window))
    async def window(
        who: Who,
        product: Product = "riluzole",
        doses: Numbers = "",
        starts: Numbers = "",
        at: Months = USUAL_MONTHS,
        gained: Gain = FUNCTION,
    ) -> EventStream:
        """What one person gains by one product, over doses (multiples of the default one) and starts (years from
        onset)."""
        plan, usual = window_plan(who, product, doses, starts, at, gained), not doses.strip()

        def work(tell: Tell) -> made.Window:
            wait(tell)
            return window_of(plan, usual, tell)

        return stream(jobs, mark(plan, "window", usual=usual), work)

    @app.get("/api/pairs", response_class=EventStream, responses=events(made.Pairs))
    async def pairs(
        who: Who, products: Products = None, start: Years = 0.0, at: Months = USUAL_MONTHS, gained: Gain = FUNCTION
    ) -> EventStream:
        """What one person gains by every pair of two to four products, beside their parts."""
        plan = pairs_plan(who, products or (), start, at, gained)

        def work(tell: Tell) -> made.Pairs:
            wait(tell)
            return pairs_of(plan, tell)

        return stream(jobs, mark(plan, "pairs"), work)

    @app.get("/api/gain/open", response_class=EventStream, responses=events(opened_shapes.Opened))
    async def gain_layers(
        who: Who,
        product: Product = "riluzole",
        start: Years = 0.0,
        at: Months = USUAL_MONTHS,
        gained: Function = FUNCTION,
        models: Annotated[int, Query(description="Plausible models")] = openness.USUAL_MODELS,
    ) -> EventStream:
        """What is uncertain of a gain of function at the usual dose, in three layers."""
        openness.checked_models(models)
        function = gained if gained != TIME else ""  # time is no function, and is refused like any other word
        plan = window_plan(who, product, "1", f"{start!r}", at, function)

        def work(tell: Tell) -> opened_shapes.Opened:
            wait(tell)
            return opened_gain(who, plan, models, tell)

        return stream(jobs, mark(plan, "gain", models=models, ensemble=openness.ensemble_hash()), work)
