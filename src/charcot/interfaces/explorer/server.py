"""The explorer's server: questions by GET, answers as JSON or as server-sent events, and the built pages.

No word of a request ever becomes a path: pages are read into memory when the server begins, and served by exact name.
"""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, TypeVar

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from charcot import __version__
from charcot.core.errors import CharcotError
from charcot.interfaces.explorer import (
    evidence,
    facts,
    finding_shapes,
    findings,
    opened_shapes,
    openness,
    people,
    shapes,
)
from charcot.interfaces.explorer.gaps import Asked as GapsAsked
from charcot.interfaces.explorer.gaps import gaps
from charcot.interfaces.explorer.guard import Guard
from charcot.interfaces.explorer.jobs import Jobs, trouble_of
from charcot.interfaces.explorer.patient import neuron, patient
from charcot.interfaces.explorer.questions import Question, checked_persons, question
from charcot.interfaces.explorer.readouts import PACKAGE
from charcot.interfaces.explorer.streams import JSON, TROUBLE, EventStream, events, stream
from charcot.interfaces.explorer.treatment_routes import treatment_routes
from charcot.interfaces.explorer.trial_power import Libraries
from charcot.interfaces.explorer.trial_routes import trial_routes

PERSONS = 60
Answer = TypeVar("Answer", bound=shapes.Shape)


def _question(
    genotype: Annotated[str, Query(max_length=40)] = "sporadic",
    age: Annotated[float, Query(description="Age at onset, years", allow_inf_nan=False)] = 62.0,
    site: Annotated[str, Query(max_length=40, description="Region in which disease begins")] = "lumbar",
    exposures: Annotated[str, Query(max_length=400, description="Names with commas between them")] = "",
    treat: Annotated[list[str] | None, Query(description="product:dose:months after diagnosis, repeatable")] = None,
    seed: Annotated[int | None, Query(description="A drawn person; without it the typical one")] = None,
    months: Annotated[int, Query(description="Months after onset that are shown")] = 60,
) -> Question:
    return question(genotype, age, site, exposures, treat or (), seed, months)


def _persons(persons: Annotated[int, Query(description="Drawn persons")] = PERSONS) -> int:
    return checked_persons(persons)


Asked = Annotated[Question, Depends(_question)]
Persons = Annotated[int, Depends(_persons)]


class Warmth:
    """Compiles the kernel and gathers slow facts before anybody asks."""

    def __init__(self) -> None:
        self._begun = False
        self.ready = threading.Event()

    def begin(self) -> None:
        self._begun = True
        threading.Thread(target=self._warm, name="explorer warming", daemon=True).start()

    def wait(self, tell: people.Tell | None = None) -> None:
        """Until the kernel is compiled, which is done once however many ask; ``tell`` may cancel."""
        while self._begun and not self.ready.wait(0.2):
            if tell is not None:
                tell(0, 0)

    def _warm(self) -> None:
        try:
            patient(question())
        finally:  # what went wrong is said to whoever asks
            self.ready.set()
        facts.model()
        facts.bearings()
        evidence.boards()


def make_app(hosts: frozenset[str], warm: bool = True) -> FastAPI:
    """The server's application for the Host headers that it may answer."""
    warmth, jobs, libraries = Warmth(), Jobs(), Libraries()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if warm:
            warmth.begin()
        yield

    app = FastAPI(
        title="Charcot explorer", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan,
        openapi_url="/api/schema",
    )  # fmt: skip
    app.add_middleware(Guard, hosts=hosts)
    _tell_errors(app)
    _fact_routes(app, jobs, warmth)
    _run_routes(app, jobs, warmth)
    treatment_routes(app, jobs, warmth.wait)
    trial_routes(app, jobs, warmth.wait, libraries)
    _page_routes(app)
    return app


def _tell_errors(app: FastAPI) -> None:
    @app.exception_handler(CharcotError)
    async def _problems(_request: Request, error: CharcotError) -> Response:
        return JSONResponse(trouble_of(error).model_dump(), 422)

    @app.exception_handler(RequestValidationError)
    async def _unreadable(_request: Request, error: RequestValidationError) -> Response:
        found = [
            shapes.Wrong(code="bad-value", message=f"{'.'.join(str(p) for p in one['loc'][1:])}: {one['msg']}")
            for one in error.errors()
        ]
        return JSONResponse(shapes.Trouble(message="The question cannot be read.", problems=found).model_dump(), 422)

    @app.exception_handler(HTTPException)
    async def _nothing(_request: Request, error: HTTPException) -> Response:
        words = "There is nothing at this address." if error.status_code == 404 else str(error.detail)
        return JSONResponse(shapes.Trouble(message=words).model_dump(), error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def _surprise(_request: Request, error: Exception) -> Response:
        return JSONResponse(trouble_of(error).model_dump(), 500)


def _fact_routes(app: FastAPI, jobs: Jobs, warmth: Warmth) -> None:
    @app.get("/api/health")
    async def health() -> shapes.Health:
        """Whether the kernel is compiled."""
        ready = warmth.ready.is_set()
        words = "Ready." if ready else "The model is being prepared; the first time this takes about a minute."
        return shapes.Health(ready=ready, version=__version__, words=words)

    @app.get("/api/model", response_model=shapes.Model)
    async def model() -> Response:
        """What the model is, and what can be asked of it."""
        return Response(await jobs.answer("model", facts.model), media_type=JSON)

    @app.get("/api/mechanisms/{name}", response_model=shapes.Mechanism, responses=TROUBLE)
    async def mechanism(name: str) -> Response:
        """All that is known of one mechanism."""
        try:
            return Response(await jobs.answer(f"mechanism {name}", lambda: facts.mechanism(name)), media_type=JSON)
        except KeyError as error:
            return JSONResponse(shapes.Trouble(message=str(error.args[0])).model_dump(), 404)

    @app.get("/api/boards", response_model=shapes.Boards)
    async def boards() -> Response:
        """The stored boards."""
        return Response(await jobs.answer("boards", evidence.boards), media_type=JSON)

    @app.get("/api/findings", response_model=finding_shapes.Findings)
    async def stored_findings() -> Response:
        """Past trials, patients beside published figures, and the ranking of gaps, as stored."""
        return Response(await jobs.answer("findings", findings.findings), media_type=JSON)


def _run_routes(app: FastAPI, jobs: Jobs, warmth: Warmth) -> None:
    def warm(run: Callable[[Question], Answer], asked: Question) -> Answer:
        warmth.wait()
        return run(asked)

    def crowd(asked: Question, persons: int, tell: people.Tell) -> people.People:
        warmth.wait(tell)
        return jobs.crowds.gather(asked, persons, tell)

    @app.get("/api/patient", response_model=shapes.PatientRun, responses=TROUBLE)
    async def one_patient(asked: Asked) -> Response:
        """One person untreated and treated, while alive."""
        return Response(await jobs.answer(asked.hash(answer="patient"), lambda: warm(patient, asked)), media_type=JSON)

    @app.get("/api/neuron", response_model=shapes.NeuronRun, responses=TROUBLE)
    async def levels(asked: Asked) -> Response:
        """The levels of the drawing in one person."""
        return Response(await jobs.answer(asked.hash(answer="neuron"), lambda: warm(neuron, asked)), media_type=JSON)

    @app.get("/api/ensemble", response_class=EventStream, responses=events(shapes.Ensemble))
    async def ensemble(asked: Asked, persons: Persons) -> EventStream:
        """Persons who share their traits."""

        def work(tell: people.Tell) -> shapes.Ensemble:
            return people.ensemble(asked, persons, crowd(asked, persons, tell))

        return stream(jobs, asked.hash(answer="ensemble", persons=persons), work)

    @app.get("/api/open", response_class=EventStream, responses=events(opened_shapes.Opened))
    async def opened(
        asked: Asked, models: Annotated[int, Query(description="Plausible models")] = openness.USUAL_MODELS
    ) -> EventStream:
        """What is uncertain of a course, in three layers: the same persons under plausible models."""
        openness.checked_models(models)

        def work(tell: people.Tell) -> opened_shapes.Opened:
            warmth.wait(tell)
            return openness.opened(asked, models, tell)

        return stream(jobs, asked.hash(answer="opened", models=models, ensemble=openness.ensemble_hash()), work)

    @app.get("/api/prognosis", response_class=EventStream, responses=events(shapes.Prognosis))
    async def prognosis(
        asked: Asked, persons: Persons, upto: Annotated[str, Query(pattern="^(group|middle|curve)$")] = "group"
    ) -> EventStream:
        """How long persons with these traits live, as far as it is asked for."""

        def work(tell: people.Tell) -> shapes.Prognosis:
            return people.prognosis(asked, persons, crowd(asked, persons, tell), upto)

        return stream(jobs, asked.hash(answer="prognosis", persons=persons, upto=upto), work)

    @app.get("/api/gaps", response_class=EventStream, responses=events(shapes.Gaps))
    async def rank_gaps(endpoint: Annotated[str, Query(max_length=40)] = "survival", persons: int = 20) -> EventStream:
        """Which number to measure next: simulates every number up and down."""
        asked = GapsAsked(endpoint, persons)
        asked.check()
        return stream(jobs, asked.hash(), lambda tell: gaps(asked, tell))


def _page_routes(app: FastAPI) -> None:
    """The built pages by exact name, from memory."""
    pages = dict(_assets(files(PACKAGE) / "assets", ""))

    @app.get("/", include_in_schema=False)
    async def home() -> Response:
        return _page(pages, "index.html")

    @app.get("/{name:path}", include_in_schema=False)
    async def page(name: str) -> Response:
        return _page(pages, name)


def _assets(folder: Traversable, under: str) -> Iterator[tuple[str, bytes]]:
    for one in sorted(folder.iterdir(), key=lambda item: item.name) if folder.is_dir() else ():
        if one.is_dir():
            yield from _assets(one, f"{under}{one.name}/")
        else:
            yield under + one.name, one.read_bytes()


def _page(pages: Mapping[str, bytes], name: str) -> Response:
    if name not in pages:
        raise HTTPException(404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(pages[name], media_type=kind, headers={"cache-control": "no-cache"})
