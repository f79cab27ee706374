"""The routes of the Trial screen: a design and its protocol, one of one's own, one simulated trial, and power."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response

from charcot.core.errors import Problem, Problems
from charcot.core.hashing import hash_json
from charcot.interfaces.explorer import trial, trial_power, trial_protocol
from charcot.interfaces.explorer import trial_shapes as made
from charcot.interfaces.explorer.guard import LONGEST_TEXT, TEXT_PATH, TEXT_TYPE
from charcot.interfaces.explorer.jobs import Jobs
from charcot.interfaces.explorer.people import Tell
from charcot.interfaces.explorer.streams import JSON, TROUBLE, EventStream, events, stream
from charcot.interfaces.explorer.trial_design import USUAL_TEMPLATE, Design

Word = Annotated[str | None, Query(max_length=60)]
BODY = {"required": True, "content": {TEXT_TYPE.decode(): {"schema": {"type": "string", "maxLength": LONGEST_TEXT}}}}


def _design(
    template: Annotated[str, Query(max_length=60, description="The template to start from")] = USUAL_TEMPLATE,
    drug: Word = None,
    dose: Word = None,
    control: Word = None,
    treated: Word = None,
    duration: Word = None,
    every: Word = None,
    age_min: Word = None,
    age_max: Word = None,
    onset_max: Word = None,
    capacity_min: Word = None,
    score_min: Word = None,
    primary: Word = None,
    alpha: Word = None,
    riluzole: Word = None,
    draw: Word = None,
) -> Design:
    """What the form says; the words are read by the checks of a protocol, and by nothing else."""
    return Design(
        template, drug, dose, control, treated, duration, every, age_min, age_max, onset_max, capacity_min,
        score_min, primary, alpha, riluzole, draw,
    )  # fmt: skip


Designed = Annotated[Design, Depends(_design)]
Own = Annotated[
    str, Query(max_length=16, pattern="^([0-9a-f]{16})?$", description="A protocol that was given as text, by its hash")
]


def trial_routes(
    app: FastAPI, jobs: Jobs, wait: Callable[[Tell | None], None], libraries: trial_power.Libraries
) -> None:
    """Add the routes; ``wait``: until the kernel is compiled."""
    texts = trial_protocol.Texts()

    def written(design: Design, protocol: str) -> trial_protocol.Written:
        return trial_protocol.Written(texts.get(protocol), {}, own=True) if protocol else trial_protocol.written(design)

    async def sound(design: Design, protocol: str) -> trial_protocol.Written:
        """Refused before anything runs where it cannot be simulated."""

        def read() -> trial_protocol.Written:
            told = written(design, protocol)
            told.protocol()
            return told

        return await asyncio.to_thread(read)

    @app.get("/api/trial/choices", response_model=made.TrialChoices)
    async def choices() -> Response:
        """What the design form offers."""
        return Response(
            await jobs.answer("trial choices", lambda: trial_protocol.choices(trial_power.LIMITS)), media_type=JSON
        )

    @app.get("/api/trial/design", response_model=made.TrialDesign, responses=TROUBLE)
    async def design(asked: Designed, protocol: Own = "") -> Response:
        """The protocol that a design makes, with all that is wrong with it."""
        key = hash_json({"design": str(asked), "protocol": protocol})
        return Response(
            await jobs.answer(key, lambda: trial_protocol.design(written(asked, protocol))), media_type=JSON
        )

    @app.post(TEXT_PATH, response_model=made.TrialDesign, responses=TROUBLE, openapi_extra={"requestBody": BODY})
    async def own_protocol(request: Request) -> Response:
        """A protocol of one's own, read in memory only; what is wrong with it is said by line."""
        text = _text(await request.body())
        answer = await jobs.answer(
            hash_json({"text": text}), lambda: trial_protocol.design(trial_protocol.Written(text, {}, own=True))
        )
        texts.put(text)
        return Response(answer, media_type=JSON)

    @app.get("/api/trial/run", response_class=EventStream, responses=events(made.TrialRun))
    async def run(asked: Designed, protocol: Own = "") -> EventStream:
        """One simulated trial, patient by patient."""
        told = await sound(asked, protocol)

        def work(tell: Tell) -> made.TrialRun:
            wait(tell)
            return trial.run(told, tell)

        return stream(jobs, hash_json({"text": told.text, "answer": "trial"}), work)

    @app.get("/api/trial/power", response_class=EventStream, responses=events(made.TrialPower))
    async def power(
        asked: Designed,
        protocol: Own = "",
        people: Annotated[int, Query(description="People drawn for the library of twins")] = trial_power.PEOPLE,
        trials: Annotated[int, Query(description="Simulated trials, and as many without effect")] = trial_power.TRIALS,
    ) -> EventStream:
        """Power and type I error, from a small library of twins."""
        trial_power.checked(people, trials)
        told = await sound(asked, protocol)

        def work(tell: Tell) -> made.TrialPower:
            wait(tell)
            return trial_power.power(told, people, trials, libraries, tell)

        return stream(jobs, hash_json({"text": told.text, "people": people, "trials": trials}), work)


def _text(body: bytes) -> str:
    """The text of a protocol, which is read as a file's would be."""
    try:
        return body.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise Problems([Problem("not-text", "this is not UTF-8 text", None, "Save the protocol as UTF-8.")]) from None
