"""Triggers: when a condition comes true within a step, and what then happens.

Finding the passage is done for all patients at once: after every step the conditions are read at eight points of its
dense output and a hair beyond its end, and after an event also soon after its beginning; where one of them comes true,
its truth is bisected, because a condition may jump and have no root. The step is cut there, on the side where the
condition is true. A pulse of truth that begins and ends between two of the points goes unseen.

What happens is done patient by patient, since it is rare: an :class:`_Execution` waits for its delay, the one of
greatest priority goes first, and after each the conditions are read again, so that one event can make or cancel
another.

Times closer than ``INSTANT`` are one time: a clock is a state, and its last bits are not those of the day on which an
output or an event is due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from charcot.core.result import Status
from charcot.engine.tables import Tables

Array = np.ndarray

POINTS = [k / 8 for k in range(1, 9)]  # of a step at which the conditions are read
EARLY_POINTS = [2.0**-20, 2.0**-10, 2.0**-5]  # the same, in the step after an event: a ball may touch and leave at once
LONGEST_STEP = 8.0  # after an event, relative to the time since the last: events that come faster and faster are seen
BISECTIONS = 54  # of an eighth of the step: to the last bit of the fraction
INSTANT = 1e-12  # of the time, and of one day
FURTHEST_LOOK = 1e-3  # of the step: how far beyond its end the dense output is trusted
LONGEST_CASCADE = 10_000  # executions at one time
LONGEST_CHATTER = 100  # passages one after the other while the time stands almost still
CHATTER = 1e-9  # of the time, and of one day: what counts as almost


@dataclass(frozen=True, eq=False)
class _Execution:
    """Something that will happen: trigger number, the time at which it is due, values if they are known already."""

    trigger: int
    due: float
    values: Array | None


class Watch:
    """The triggers of the patients in some lanes.

    Attributes:
        next_due: (lanes,) when the next delayed execution of each lane is due; infinity for none.
    """

    def __init__(self, of: Tables) -> None:
        sizes, self._of = of.kernel.sizes, of
        count = of.packs * sizes.width
        self._plans = of.request.triggers
        self._initially = np.array([plan.initially for plan in self._plans])
        self._watches_states = np.array([not plan.targets and plan.reads_states for plan in self._plans])
        self._truth = np.zeros((count, len(self._plans)), dtype=bool)  # what each condition was last seen to be
        self._cancellable = np.zeros_like(self._truth)  # an execution waits that falls with its condition
        self._waiting: list[list[_Execution]] = [[] for _ in range(count)]
        self.next_due = np.full(count, np.inf)
        self._cut_at = np.ones(count)  # the fraction of the step at which it is cut
        self._since_event = np.zeros(count)  # the steps taken since the last passage or dose, added up
        self._longest = np.full(count, np.inf)  # how long the first step after that event may be
        self._chatter = np.zeros(count, dtype=np.int64)
        self._quiet_since = np.zeros(count)
        self.conditions = np.zeros((of.packs, sizes.conditions, sizes.width))
        self.moment = np.zeros((of.packs, sizes.conditions + sizes.consequences, sizes.width))

    def board(self, lanes: Array) -> None:
        """New patients: nothing waits, and every condition has been what its trigger says it was."""
        self._truth[lanes] = self._initially
        self._cancellable[lanes] = False
        self.next_due[lanes] = np.inf
        self._since_event[lanes] = 0.0
        self._longest[lanes] = np.inf
        self._chatter[lanes] = 0
        self._quiet_since[lanes] = -np.inf
        for lane in lanes:
            self._waiting[lane] = []

    def move(self, new: Array, old: Array) -> None:
        """The patients of lanes ``old`` now sit in lanes ``new``."""
        tables = (self._truth, self._cancellable, self.next_due, self._chatter, self._quiet_since)
        for table in (*tables, self._since_event, self._longest):
            table[new] = table[old]
        waiting = [self._waiting[lane] for lane in old]
        for lane, executions in zip(new, waiting, strict=True):
            self._waiting[lane] = executions

    # when --------------------------------------------------------------------------------------------------------

    def first_passages(self, lanes: Array, until: Array) -> tuple[Array, Array]:
        """Where the step just taken comes upon something that may happen.

        Args:
            lanes: whose step has been accepted.
            until: (lanes,) the time until which the step is wanted.

        Returns:
            (which lanes, at what time): for the others the time is ``until``.
        """
        of = self._of
        arrival, size = of.arrival[lanes], of.step_size[lanes]
        instant = _instant(arrival)
        look = np.minimum(instant / size, FURTHEST_LOOK)
        found, low, high, seen = self._bracket(lanes, 1.0 + look)
        some = lanes[found]
        if len(some):
            high[found] = self._bisect(some, low[found], high[found], seen[found], look[found])
        time = np.where(high >= 1.0, arrival, np.minimum(of.time[lanes] + high * size, arrival))
        time = np.where(arrival - time <= instant, arrival, time)
        found |= self.next_due[lanes] <= arrival + instant
        found &= time <= until
        for i in np.flatnonzero(found):
            time[i] = self._snap(lanes[i], time[i])
        self._truth[lanes] = seen
        self._cut_at[lanes] = high
        self._since_event[lanes] += high * size
        return found, np.where(found, time, until)

    def _bracket(self, lanes: Array, furthest: Array) -> tuple[Array, Array, Array, Array]:
        """(found, low, high, the truth at low): the first two points between which something changes.

        Where nothing does, high is 1 and the truth is that at the end of the step.
        """
        low, high = np.zeros(len(lanes)), np.ones(len(lanes))
        found = np.zeros(len(lanes), dtype=bool)
        seen, left, heeded = self._truth[lanes], 0.0 * furthest, self._heeded(lanes)
        fresh = (self._since_event[lanes] == 0.0).astype(float)
        points = [early * fresh for early in EARLY_POINTS if fresh.any()]
        points += [np.full(len(lanes), point) for point in POINTS]
        truths_at, cancellable = self._reader(lanes), self._cancellable[lanes]
        for right in [*points, furthest]:
            here = truths_at(right)
            new = ~found & (_changes(seen, here, cancellable) & heeded).any(axis=1)
            low[new], high[new] = left[new], right[new]
            found |= new
            if right is not furthest:
                seen = np.where(found[:, None], seen, here)
            left = right
        return found, low, high, seen

    def _heeded(self, lanes: Array) -> Array:
        """(lanes, triggers): all, but for those who slide the ones that only watch: such a margin stays about zero."""
        heeded: Array = ~(self._of.sliding(lanes)[:, None] & self._watches_states)
        return heeded

    def _bisect(self, lanes: Array, low: Array, high: Array, before: Array, look: Array) -> Array:
        """The fraction of the step at which something has just changed since ``before``.

        What follows within an instant is taken along, so that events at one time stay at one time.
        """
        furthest, truths_at, heeded = high, self._reader(lanes), self._heeded(lanes)
        cancellable = self._cancellable[lanes]
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            changed = (_changes(before, truths_at(middle), cancellable) & heeded).any(axis=1)
            low, high = np.where(changed, low, middle), np.where(changed, middle, high)
        later = np.minimum(high + look, furthest)
        now = _changes(before, truths_at(high), cancellable) & heeded
        soon = _changes(before, truths_at(later), cancellable) & heeded
        joined = (soon & ~now).any(axis=1) & ~(now & ~soon).any(axis=1)
        fraction: Array = np.where(joined, later, high)
        return fraction

    def _reader(self, lanes: Array) -> Callable[[Array], Array]:
        """A function: fractions of the step (lanes,) -> which conditions hold there, (lanes, triggers).

        It is called some seventy times for one event, so that what does not change is looked up here, once.
        """
        of, (pack, place), packs = self._of, self._of.where(lanes), self._of.packs_of(lanes)
        theta, conditions, watch = of.theta, self.conditions, of.kernel.watch
        step = (of.step_size, of.states, of.next_states, of.dense)
        tables = (theta, *step, of.derived, of.modes, of.inputs, of.between, conditions)
        first, addresses = packs.ctypes.data, [table.ctypes.data for table in tables]

        def truths_at(fraction: Array) -> Array:
            theta[lanes] = fraction
            watch(len(packs), first, *addresses)
            truth: Array = conditions[pack, :, place] > 0.0
            return truth

        return truths_at

    def _snap(self, lane: int, time: float) -> float:
        """The output time that is the same instant as ``time``, if there is one."""
        request, patient = self._of.request, self._of.patient[lane]
        times = request.times[patient, self._of.next_output[lane] : request.counts[patient]]
        place = int(np.searchsorted(times, time - _instant(time)))
        near = place < len(times) and times[place] <= time + _instant(time)
        return float(times[place]) if near else float(time)

    def longest_steps(self, lanes: Array) -> Array:
        """How long the next step of ``lanes``, in which something has just happened, may be.

        What happens at the same time as something else leaves the bound as it is.
        """
        since = self._since_event[lanes]
        self._since_event[lanes] = 0.0
        self._longest[lanes] = np.where(since > 0.0, LONGEST_STEP * since, self._longest[lanes])
        longest: Array = self._longest[lanes]
        return longest

    def cut(self, lanes: Array, times: Array) -> None:
        """Let the step of ``lanes`` end at the passage that was found."""
        of = self._of
        self._reader(lanes)(self._cut_at[lanes])  # leaves the states in ``between``
        pack, place = of.where(lanes)
        of.next_states[pack, :, place] = of.between[pack, :, place]
        of.arrival[lanes] = times

    # what --------------------------------------------------------------------------------------------------------

    def changed(self, lanes: Array) -> Array:
        """Those of ``lanes`` where a condition is no longer what it was last seen to be."""
        if not len(lanes):
            return lanes
        self._read(self._of.packs_of(lanes))
        pack, place = self._of.where(lanes)
        truth = self.moment[pack, : len(self._plans), place] > 0.0
        different: Array = lanes[(truth != self._truth[lanes]).any(axis=1)]
        return different

    def settle(self, lanes: Array) -> tuple[Array, list[tuple[int, Status]]]:
        """Let everything happen that is due now in ``lanes``.

        Returns:
            the lanes in which something was assigned, and (lane, how it ended) of those that failed.
        """
        acted, failed = [], []
        for lane in lanes:
            executions, status = self._settle(int(lane))
            if status is not None:
                failed.append((int(lane), status))
            elif executions:
                acted.append(lane)
            waiting = self._waiting[lane]
            self.next_due[lane] = min((execution.due for execution in waiting), default=np.inf)
            self._cancellable[lane] = False
            for execution in waiting:
                self._cancellable[lane, execution.trigger] |= not self._plans[execution.trigger].persistent
        return np.array(acted, dtype=np.int64), failed

    def _settle(self, lane: int) -> tuple[int, Status | None]:
        """(the number of executions, how it failed) of one patient at the present time."""
        time = float(self._of.time[lane])
        if self._chatters(lane, time):
            return 0, Status.EVENT_STORM
        pack = np.array([lane // self._of.width])
        place = lane % self._of.width
        for executions in range(LONGEST_CASCADE):
            self._read(pack)
            moment = self.moment[pack[0], :, place]
            if not self._notice(lane, time, moment):
                return executions, Status.BAD_EVENT
            due = [e for e in self._waiting[lane] if e.due <= time + _instant(time)]
            if not due:
                return executions, None
            chosen = self._first(due, moment)
            if chosen is None:
                return executions, Status.BAD_EVENT
            self._waiting[lane].remove(chosen)
            if not self._assign(lane, chosen, moment):
                return executions, Status.NON_FINITE
        return LONGEST_CASCADE, Status.EVENT_STORM

    def _chatters(self, lane: int, time: float) -> bool:
        """Whether this is one of too many passages while the time has stood almost still."""
        if time - self._quiet_since[lane] > CHATTER * max(abs(time), 1.0):
            self._quiet_since[lane], self._chatter[lane] = time, 0
        self._chatter[lane] += 1
        if self._chatter[lane] > LONGEST_CHATTER // 2 and self._of.kernel.sizes.slides:
            self._of.slide(np.array([lane]))
        return bool(self._chatter[lane] > LONGEST_CHATTER)

    def _read(self, packs: Array) -> None:
        """Evaluate all that the triggers read at the present states."""
        of = self._of
        of.call(of.kernel.moment, packs, of.states, of.derived, of.inputs, self.moment)

    def _notice(self, lane: int, time: float, moment: Array) -> bool:
        """Line up what has come true and drop what falls with its condition; False where a delay makes no sense."""
        truth = moment[: len(self._plans)] > 0.0
        fallen = self._truth[lane] & ~truth
        waiting = [e for e in self._waiting[lane] if self._plans[e.trigger].persistent or not fallen[e.trigger]]
        for number in np.flatnonzero(truth & ~self._truth[lane]):
            plan = self._plans[number]
            delay = moment[plan.delay] if plan.delay >= 0 else 0.0
            if not delay >= 0.0:
                return False
            due = time if delay == 0.0 else self._snap(lane, time + delay)
            values = moment[plan.values : plan.values + len(plan.targets)].copy() if plan.early_values else None
            waiting.append(_Execution(int(number), due, values))
        self._waiting[lane] = waiting
        self._truth[lane] = truth
        return True

    def _first(self, due: list[_Execution], moment: Array) -> _Execution | None:
        """Which goes first: by priority, then by the order of the program; None where a priority is not a number."""
        if len(due) == 1:
            return due[0]
        places = [self._plans[execution.trigger].priority for execution in due]
        priorities = [float(moment[place]) if place >= 0 else -np.inf for place in places]
        if np.isnan(priorities).any():
            return None
        order = [(-p, place < 0, e.trigger, e.due) for p, place, e in zip(priorities, places, due, strict=True)]
        return due[min(range(len(due)), key=order.__getitem__)]

    def _assign(self, lane: int, execution: _Execution, moment: Array) -> bool:
        """Carry out the assignments, from values before any of them; False where one is not finite."""
        plan, of = self._plans[execution.trigger], self._of
        values = execution.values
        if values is None:
            values = moment[plan.values : plan.values + len(plan.targets)].copy()
        if not np.isfinite(values).all():
            return False
        pack, place = divmod(lane, of.width)
        for (is_state, target), value in zip(plan.targets, values, strict=True):
            (of.states if is_state else of.inputs)[pack, target, place] = value
        return True


def _changes(before: Array, after: Array, cancellable: Array) -> Array:
    """(lanes, triggers): the changes that matter: false to true, and true to false where that cancels."""
    changes: Array = (~before & after) | (before & ~after & cancellable)
    return changes


def _instant(time: Any) -> Any:
    """How far from ``time``, a number or an array, is the same time."""
    return INSTANT * np.maximum(np.abs(time), 1.0)
