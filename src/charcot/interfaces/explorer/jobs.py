"""Long answers: simulated in a thread, told of while they run, ended when nobody waits, kept by their hash."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

from pydantic import BaseModel

from charcot.core.errors import CharcotError, Problem, Problems, readable
from charcot.interfaces.explorer.people import Cancelled, People, Tell, gather
from charcot.interfaces.explorer.questions import Question
from charcot.interfaces.explorer.shapes import Trouble, Wrong

MOST_KEPT = 64 * 1024 * 1024  # bytes of answers
MOST_CROWDS = 8
RUNNING = 2  # simulations at a time
MOST_WRONG = 100  # problems that are told of
LONGEST = 1_000  # characters of one of them
BEAT = 0.2  # seconds between looks at a running job


class Crowds:
    """The last few groups of people that were simulated: who asks for one step more does not wait for them again."""

    def __init__(self, most: int = MOST_CROWDS) -> None:
        self._most = most
        self._crowds: OrderedDict[str, People] = OrderedDict()
        self._lock = threading.Lock()

    def gather(self, asked: Question, persons: int, tell: Tell) -> People:
        """The people of a question, simulated unless they are kept."""
        key = asked.hash(people=persons)
        with self._lock:
            found = self._crowds.get(key)
        if found is None:
            found = gather(asked, persons, tell)
            with self._lock:
                self._crowds[key] = found
                while len(self._crowds) > self._most:
                    self._crowds.popitem(last=False)
        return found


class Kept:
    """Answers by their hash, as JSON; the oldest go first when there are too many."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most, self._size = most, 0
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: str, answer: bytes) -> None:
        with self._lock:
            self._size += len(answer) - len(self._answers.pop(key, b""))
            self._answers[key] = answer
            while self._size > self._most and len(self._answers) > 1:
                self._size -= len(self._answers.popitem(last=False)[1])


def trouble_of(error: Exception) -> Trouble:
    """An error of ours in the words of an answer."""
    if isinstance(error, Problems):
        wrong = [
            Wrong(code=p.code, message=readable(p.message, LONGEST), hint=readable(p.hint, LONGEST), line=_line(p))
            for p in error.problems[:MOST_WRONG]
        ]
        return Trouble(message=error.title or "This cannot be answered.", problems=wrong)
    if isinstance(error, CharcotError):
        return Trouble(message=str(error))
    return Trouble(message=f"Something unexpected went wrong in the server ({type(error).__name__}).")


def _line(problem: Problem) -> int:
    return problem.where.line if problem.where else 0


class Jobs:
    """Runs work in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RUNNING, thread_name_prefix="explorer")
        self.kept = Kept()
        self.crowds = Crowds()

    async def answer(self, key: str, work: Callable[[], BaseModel]) -> bytes:
        """The JSON of a short answer, kept."""
        found = self.kept.get(key)
        if found is None:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._threads, lambda: work().model_dump_json().encode())
            self.kept.put(key, found)
        return found

    async def stream(self, key: str, work: Callable[[Tell], BaseModel]) -> AsyncIterator[str]:
        """Server-sent events: ``progress`` {done, total} while it runs, then ``answer`` or ``trouble``.

        When the reader goes away this generator is closed, and the work ends at its next word of progress.
        """
        found = self.kept.get(key)
        if found is not None:
            yield _event("answer", found.decode())
            return
        gone = threading.Event()
        told = (0, 0)

        def tell(done: int, total: int) -> None:
            nonlocal told
            if gone.is_set():
                raise Cancelled
            told = (done, total)

        future = self._threads.submit(lambda: work(tell).model_dump_json())
        try:
            said: tuple[int, int] | None = None
            while not future.done():
                if told != said:
                    said = told
                    yield _event("progress", json.dumps({"done": told[0], "total": told[1]}))
                await asyncio.sleep(BEAT)
            text = future.result()
            self.kept.put(key, text.encode())
            yield _event("answer", text)
        except Cancelled:
            return
        except Exception as error:
            yield _event("trouble", trouble_of(error).model_dump_json())
        finally:
            gone.set()
            future.cancel()


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
