"""Streams of events as routes answer them, and how the schema describes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.responses import StreamingResponse

from charcot.interfaces.explorer import shapes
from charcot.interfaces.explorer.jobs import Jobs
from charcot.interfaces.explorer.people import Tell

JSON = "application/json"
TROUBLE: dict[int | str, dict[str, Any]] = {
    422: {"model": shapes.Trouble, "description": "The question cannot be answered"},
    404: {"model": shapes.Trouble, "description": "There is nothing of this name"},
}


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


def events(answer: type[shapes.Shape]) -> dict[int | str, dict[str, Any]]:
    """What a stream is made of, for the schema."""
    return {**TROUBLE, 200: {"model": answer, "description": "Events: progress, then answer (this shape) or trouble"}}


def stream(jobs: Jobs, key: str, work: Callable[[Tell], shapes.Shape]) -> EventStream:
    """The events of a long answer."""
    return EventStream(jobs.stream(key, work))
