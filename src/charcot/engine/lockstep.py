"""Patients in lockstep, for programs with triggers and for the solver that pivots, which both need Python at each step.

The others run in :mod:`charcot.engine.control`, which does the same in machine code. Each patient has its own time and
step; a finished one is replaced by the next.

One round of :meth:`Lockstep.advance` is, for every patient on board:

1. choose the step: what the error allows, but never past the next event or the end;
2. take it (kernel), and accept it where the error norm is at most 1;
3. find where a stopping state crossed its threshold, or a trigger's condition came true, and cut the step there;
4. report the outputs that fall into the step, from the dense output;
5. move on, let triggers act, finish who is done, apply the events that are due, and board the next patients.

What is computed for a patient depends on nothing but that patient: arithmetic here is elementwise and correctly
rounded (no exp or power, whose last bit NumPy may vary with the position in an array).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from charcot.core.result import Result, Status
from charcot.core.schedule import EventKind
from charcot.engine.compiled import Kernel
from charcot.engine.pivoting import PivotedStep
from charcot.engine.request import Request
from charcot.engine.tables import Tables
from charcot.engine.triggers import Watch

Array = np.ndarray

STRETCH = 1.05  # a step may be this much longer than asked for when that reaches the event or the end
NAN_SHRINK = 0.1  # after a step whose result is not finite
SMALLEST_STEP = 1e-14  # relative to the time, and to one day
THINNED = 0.6  # with nobody left to board, patients move together when fewer than this share of the lanes is used
BISECTIONS = 60
PACE_STEPS, PACE = 256, 0.05  # whoever covers less than this share of the run in so many steps may be sliding
SETS, ADDS, ACTS = 0, 1, 2  # what an event did: an input set, a state raised, a trigger's assignments


class Lockstep(Tables):
    """The patients that one worker steps together."""

    def __init__(self, kernel: Kernel, request: Request, result: Result, lanes: int, pivoting: bool = False) -> None:
        super().__init__(kernel, request, result, lanes)
        self.pivoted_step = PivotedStep(kernel) if pivoting else None  # the fallback: one patient after the other
        self.watch = Watch(self) if request.triggers else None

    # boarding --------------------------------------------------------------------------------------------------

    def run(self, take: Callable[[int], Array], report: Callable[[int], None]) -> None:
        """Simulate the patients that ``take(n)`` hands out (at most n at a time, none when there are no more)."""
        nobody_left = False
        while True:
            free = np.flatnonzero(self.patient[: self.seats] < 0)
            if not nobody_left and len(free):
                boarding = take(len(free))
                nobody_left = len(boarding) < len(free)
                self._board(free[: len(boarding)], boarding)
                finished = len(boarding) - np.count_nonzero(self.patient[free[: len(boarding)]] >= 0)
                if finished:
                    report(int(finished))
                    continue
            active = np.flatnonzero(self.patient >= 0)
            if not len(active):
                return
            if nobody_left:
                active = self._move_together(active)
            self.advance(active)
            finished = np.count_nonzero(self.patient[active] < 0)
            if finished:
                report(int(finished))

    def _board(self, lanes: Array, patients: Array) -> None:
        """Put ``patients`` into ``lanes`` at their start, report outputs due there, and apply events due there."""
        usable = self.request.usable[patients]
        lanes, patients = lanes[usable], patients[usable]
        if not len(lanes):
            return
        pack, place = self.where(lanes)
        packs = self.packs_of(lanes)
        request = self.request
        given, tolerances, inputs = request.parameters.shape[1], request.tolerances[patients], len(request.inputs)
        self.tolerances[pack, :, place] = tolerances
        self.parameters[pack, :given, place] = request.parameters[patients]
        self.parameters[pack, given:, place] = tolerances[:, self.kernel.sizes.allowances]
        self.inputs[pack, :inputs, place] = request.inputs
        self.inputs[pack, inputs:, place] = 0.0  # nobody slides
        self.largest[pack, :, place] = 0.0
        self.call(self.kernel.prologue, packs, self.parameters, self.derived)
        for block in self.kernel.sizes.blocks:
            rows = slice(block.offset, block.offset + block.size)
            self.modes[pack, rows, place] = block.modes(self.derived[pack, :, place])
        if request.initial is None:
            self.call(self.kernel.initial, packs, self.parameters, self.next_states)
            self.states[pack, :, place] = self.next_states[pack, :, place]
        else:
            self.states[pack, :, place] = request.initial[patients]
        if self.kernel.sizes.clock >= 0:
            self.states[pack, self.kernel.sizes.clock, place] = request.start[patients]
        self.next_states[pack, :, place] = self.states[pack, :, place]
        self.dense[pack, :, place] = 0.0
        self.patient[lanes] = patients
        self.time[lanes] = self.pace_since[lanes] = request.start[patients]
        self.arrival[lanes] = np.nan  # no step has been taken
        self.next_output[lanes] = self.steps[lanes] = self.rejected[lanes] = 0
        self.next_event[lanes] = request.schedule.offsets[patients]
        self.proposed[lanes] = self.step_size[lanes] = 1.0
        self.after_event[:, lanes] = -1.0
        self.fresh_event[lanes] = -1
        self.tried_again[lanes] = False
        if self.watch is not None:
            self.watch.board(lanes)
        self._set_off(lanes)

    def _set_off(self, lanes: Array) -> None:
        pack, place = self.where(lanes)
        sound = np.isfinite(self.states[pack, :, place]).all(axis=1)
        self._finish(lanes[~sound], Status.BAD_INPUT)
        lanes = lanes[sound]
        if self.watch is not None:
            lanes = self._act(lanes, self.watch.changed(lanes))
        self._report(lanes, self.time[lanes])
        lanes = self._finish_at_end(self._stop_where_reached(lanes))
        self.proposed[lanes] = self._first_step(lanes)
        self._apply_events(lanes)

    # one round -------------------------------------------------------------------------------------------------

    def advance(self, lanes: Array) -> None:
        """One attempted step of every patient in ``lanes`` (all that are on board)."""
        self._choose_steps(lanes)
        packs = self.packs_of(lanes)
        self._take_step(packs)
        lanes = self._hand_over(lanes, self.factor[lanes] == 0.0)
        accepted = self.error[lanes] <= 1.0
        self._reject(lanes[~accepted])
        lanes = lanes[accepted]
        stopping, until = self._crossings(lanes)
        if self.watch is not None:
            self._advance_to_passages(self.watch, lanes, stopping, until, packs)
            return
        self._report(lanes, until)
        stopped = lanes[stopping]
        if len(stopped):
            self._end_between(stopped, until[stopping])
        moving = lanes[~stopping]
        self._move_on(moving, packs)
        moving = self._finish_at_end(moving)
        self._apply_events(moving)

    def _advance_to_passages(self, watch: Watch, lanes: Array, stopping: Array, until: Array, packs: Array) -> None:
        """The rest of the round in a program with triggers: an output at the time of a passage comes after it."""
        passing, until = watch.first_passages(lanes, until)
        stopping = stopping & ~passing
        self._report(lanes, np.where(passing, np.nextafter(until, -np.inf), until))
        stopped = lanes[stopping]
        if len(stopped):
            self._end_between(stopped, until[stopping])
        if passing.any():
            watch.cut(lanes[passing], until[passing])
        moving = lanes[~stopping]
        self._move_on(moving, packs)
        moving = self._act(moving, lanes[passing])
        passed = self.on_board(lanes[passing])
        self._report(passed, self.time[passed])
        moving = self._finish_at_end(self._stop_where_reached(moving))
        self._apply_events(moving)

    def _act(self, lanes: Array, passing: Array) -> Array:
        """Let the triggers of those ``passing`` do what is due; returns those of ``lanes`` that go on."""
        if self.watch is None or not len(passing):
            return lanes
        acted, failed = self.watch.settle(passing)
        for lane, status in failed:
            self._finish(np.array([lane]), status)
        pack, place = self.where(passing)
        self.next_states[pack, :, place] = self.states[pack, :, place]
        self.dense[pack, :, place] = 0.0
        self.arrival[passing] = self.time[passing]
        self.fresh_event[acted] = ACTS
        self._restart(acted)
        return self.on_board(lanes)

    def _choose_steps(self, lanes: Array) -> None:
        time, goal = self.time[lanes], self.goal[lanes]
        least = SMALLEST_STEP * np.maximum(np.abs(time), 1.0)  # a step of nothing would change nothing, without error
        longest = self.request.longest_step[self.patient[lanes]]
        wish = np.minimum(np.maximum(self.proposed[lanes], least), longest)
        gap = goal - time
        lands = np.minimum(wish * STRETCH, longest) >= gap
        size = np.where(lands, gap, np.where(2.0 * wish > gap, 0.5 * gap, wish))
        self.step_size[lanes] = size
        self.arrival[lanes] = np.where(lands, goal, time + size)
        self.wants[:] = 0
        due = self._output_time(lanes) <= self.arrival[lanes]
        if self.watch is not None:
            due = np.ones(len(lanes), dtype=bool)
        self.wants[lanes[due] // self.width, 0] = 1

    def _hand_over(self, lanes: Array, weak: Array) -> Array:
        """Finish the ``weak`` lanes, whose equations want a solver that pivots; returns the others."""
        if weak.any():
            self._finish(lanes[weak], Status.SMALL_PIVOT)
            lanes = lanes[~weak]
        return lanes

    def _take_step(self, packs: Array) -> None:
        if self.pivoted_step is not None:
            on_board = np.flatnonzero(self.patient >= 0)
            self._take_pivoted_steps(self.pivoted_step, on_board[np.isin(on_board // self.width, packs)])
            return
        self.call(
            self.kernel.step,
            packs,
            self.states,
            self.next_states,
            self.dense,
            self.derived,
            self.modes,
            self.inputs,
            self.step_size,
            self.error,
            self.factor,
            self.wants,
            self.tolerances,
            self.scratch,
        )

    def _take_pivoted_steps(self, method: PivotedStep, lanes: Array) -> None:
        for lane in lanes:
            pack, place = divmod(int(lane), self.width)
            states, derived, inputs = (table[pack, :, place] for table in (self.states, self.derived, self.inputs))
            step = method(states, derived, inputs, self.step_size[lane], self.tolerances[pack, :, place])
            after, dense, self.error[lane], self.factor[lane] = step
            self.next_states[pack, :, place] = after
            self.dense[pack, :, place] = dense.ravel()

    def _pivoting_would_help(self, lanes: Array) -> Array:
        """Where the step that has just failed succeeds with pivots."""
        if self.pivoted_step is not None or not len(lanes):
            return np.zeros(len(lanes), dtype=bool)
        self._take_pivoted_steps(PivotedStep(self.kernel), lanes)
        succeeds: Array = self.error[lanes] <= 1.0
        return succeeds

    def _reject(self, lanes: Array) -> None:
        self.rejected[lanes] += 1
        self.tried_again[lanes] = True
        finite = np.isfinite(self.error[lanes])
        size = self.step_size[lanes] * np.where(finite, self.factor[lanes], NAN_SHRINK)
        self.proposed[lanes] = size
        stuck = size < SMALLEST_STEP * np.maximum(np.abs(self.time[lanes]), 1.0)
        self._give_up(lanes[~stuck])
        lanes, finite = lanes[stuck], finite[stuck]
        mendable = self._pivoting_would_help(lanes)
        self._finish(lanes[finite & ~mendable], Status.STEP_TOO_SMALL)
        self._finish(lanes[~finite & ~mendable], Status.NON_FINITE)
        self._hand_over(lanes, mendable)

    def _give_up(self, lanes: Array) -> None:
        tried = self.steps[lanes] + self.rejected[lanes]
        self._finish(lanes[tried >= self.request.max_steps[self.patient[lanes]]], Status.TOO_MANY_STEPS)
        if self.kernel.sizes.slides:
            self._look_at_pace(self.on_board(lanes[(tried > 0) & (tried % PACE_STEPS == 0)]))

    def _look_at_pace(self, lanes: Array) -> None:
        """Let those slide who hardly get on: they jump to and fro over a threshold, or else it does them no harm."""
        patients = self.patient[lanes]
        covered = self.time[lanes] - self.pace_since[lanes]
        self.pace_since[lanes] = self.time[lanes]
        span = self.request.end[patients] - self.request.start[patients]
        self.slide(lanes[covered < PACE * span])

    def _move_on(self, lanes: Array, packs: Array) -> None:
        """Make the end of the step the present of ``lanes``, and propose the next step."""
        self.accept[:] = 0.0
        self.accept[lanes] = 1.0
        self.call(self.kernel.commit, packs, self.states, self.next_states, self.accept, self.largest)
        self.time[lanes] = self.arrival[lanes]
        self.steps[lanes] += 1
        used, wish = self.step_size[lanes], self.proposed[lanes]
        growth = np.where(self.tried_again[lanes], np.minimum(self.factor[lanes], 1.0), self.factor[lanes])
        size = used * growth
        size = np.where(used < wish, np.maximum(size, wish), size)  # a step cut short says nothing against the wish
        self.proposed[lanes] = size
        self.tried_again[lanes] = False
        learns = self.fresh_event[lanes] >= 0
        self.after_event[self.fresh_event[lanes[learns]], lanes[learns]] = size[learns]
        self.fresh_event[lanes] = -1

    # outputs and ends ------------------------------------------------------------------------------------------

    def _output_time(self, lanes: Array) -> Array:
        """The next time at which each lane owes an output; infinity when none is left."""
        patients, place = self.patient[lanes], self.next_output[lanes]
        left = place < self.request.counts[patients]
        if not self.request.times.shape[1]:
            return np.full(len(lanes), np.inf)
        due: Array = np.where(left, self.request.times[patients, np.where(left, place, 0)], np.inf)
        return due

    def _report(self, lanes: Array, until: Array) -> None:
        """Report every output due up to ``until``, from the step that has just been taken."""
        while len(lanes):
            due_at = self._output_time(lanes)
            due = due_at <= until
            lanes, until, due_at = lanes[due], until[due], due_at[due]
            if not len(lanes):
                return
            self._interpolate(lanes, due_at)
            self.rows[:] = -1
            outputs, chosen = self.values.shape[1:]
            self.rows[lanes] = (self.patient[lanes] * outputs + self.next_output[lanes]) * chosen
            self.call(self.kernel.report, self.packs_of(lanes), self.readouts, self.rows, self.selection, self.values)
            self.next_output[lanes] += 1

    def _interpolate(self, lanes: Array, times: Array) -> None:
        """States and read-outs of ``lanes`` at ``times`` within the step."""
        fraction = (times - self.time[lanes]) / self.step_size[lanes]
        self.theta[lanes] = np.where(times == self.arrival[lanes], 1.0, np.minimum(fraction, 1.0))
        self.call(
            self.kernel.sample,
            self.packs_of(lanes),
            self.theta,
            self.step_size,
            self.states,
            self.next_states,
            self.dense,
            self.derived,
            self.modes,
            self.inputs,
            self.between,
            self.readouts,
        )

    def _crossings(self, lanes: Array) -> tuple[Array, Array]:
        """(which lanes cross their threshold in this step, the time until which each lane is valid)."""
        until = self.arrival[lanes]
        if self.request.stop_state < 0:
            return np.zeros(len(lanes), dtype=bool), until
        pack, place = self.where(lanes)
        threshold = self.request.thresholds[self.patient[lanes]]
        crossing = self.next_states[pack, self.request.stop_state, place] >= threshold
        if crossing.any():
            self.wants[:] = 0
            packs = self.packs_of(lanes[crossing])
            self.wants[packs, 0] = 1
            self._take_step(packs)  # once more, now with the dense output
            until[crossing] = self._locate(lanes[crossing], threshold[crossing])
        return crossing, until

    def _locate(self, lanes: Array, threshold: Array) -> Array:
        """The times at which the stopping state meets ``threshold``, by bisection of what lies within the step."""
        pack, place = self.where(lanes)
        state, states = self.request.stop_state, self.kernel.sizes.states
        before, after = self.states[pack, state, place], self.next_states[pack, state, place]
        d = [self.dense[pack, m * states + state, place] for m in range(3)]
        exact = any(state in block.states for block in self.kernel.sizes.blocks)
        low, high = np.zeros(len(lanes)), np.ones(len(lanes))
        for _ in range(BISECTIONS):
            s = 0.5 * (low + high)
            if exact:
                self._interpolate(lanes, self.time[lanes] + s * self.step_size[lanes])
                value = self.between[pack, state, place]
            else:
                value = (1 - s) * before + s * (after + (1 - s) * (d[0] + s * (d[1] + s * d[2])))
            reached = value >= threshold
            high, low = np.where(reached, s, high), np.where(reached, low, s)
        inside = self.time[lanes] + high * self.step_size[lanes]
        met: Array = np.where(high == 1.0, self.arrival[lanes], np.minimum(inside, self.arrival[lanes]))
        return met

    def _end_between(self, lanes: Array, times: Array) -> None:
        self._interpolate(lanes, times)
        pack, place = self.where(lanes)
        self.states[pack, :, place] = self.between[pack, :, place]
        self.time[lanes] = times
        self.steps[lanes] += 1
        self._finish(lanes, Status.STOPPED)

    def _stop_where_reached(self, lanes: Array) -> Array:
        """Finish the lanes that stand at or above their threshold; returns the others."""
        if self.request.stop_state < 0 or not len(lanes):
            return lanes
        pack, place = self.where(lanes)
        value = self.states[pack, self.request.stop_state, place]
        reached = value >= self.request.thresholds[self.patient[lanes]]
        self._finish(lanes[reached], Status.STOPPED)
        return self.on_board(lanes)

    def _finish_at_end(self, lanes: Array) -> Array:
        """Finish the lanes that are at their end, or out of steps; returns the others."""
        done = self.time[lanes] >= self.request.end[self.patient[lanes]]
        self._finish(lanes[done], Status.COMPLETED)
        self._give_up(self.on_board(lanes))
        return self.on_board(lanes)

    def _finish(self, lanes: Array, status: Status) -> None:
        """Write down how these patients ended, and free their lanes."""
        if not len(lanes):
            return
        patients, result = self.patient[lanes], self.result
        pack, place = self.where(lanes)
        result.status[patients] = int(status)
        result.end_time[patients] = self.time[lanes]
        result.steps[patients] = self.steps[lanes]
        result.rejected[patients] = self.rejected[lanes]
        result.final_states[patients] = self.states[pack, :, place]
        if self.kernel.sizes.follows:
            result.largest[patients] = np.fmax(self.largest[pack, :, place], np.abs(self.states[pack, :, place]))
        self.patient[lanes] = -1
        self.step_size[lanes] = 1.0

    # events ----------------------------------------------------------------------------------------------------

    def _event_time(self, lanes: Array) -> Array:
        """The time of each lane's next event; infinity when none is left."""
        schedule = self.request.schedule
        left = self.next_event[lanes] < schedule.offsets[self.patient[lanes] + 1]
        if not len(schedule.times):
            return np.full(len(lanes), np.inf)
        due: Array = np.where(left, schedule.times[np.where(left, self.next_event[lanes], 0)], np.inf)
        return due

    def _apply_events(self, lanes: Array) -> Array:
        """Apply the events due now, one of each lane at a time, and set the next goal; returns who goes on."""
        schedule = self.request.schedule
        touched = due = lanes[self._event_time(lanes) <= self.time[lanes]]
        while len(due):
            event = self.next_event[due]
            adds = schedule.kinds[event] == EventKind.ADD
            for kind, table in ((adds, self.states), (~adds, self.inputs)):
                pack, place = self.where(due[kind])
                target, value = schedule.targets[event[kind]], schedule.values[event[kind]]
                table[pack, target, place] = value + (table[pack, target, place] if table is self.states else 0.0)
            self.fresh_event[due] = np.maximum(self.fresh_event[due], adds)
            self.next_event[due] += 1
            due = due[self._event_time(due) <= self.time[due]]
        if self.watch is not None:
            touched = self._act(touched, self.watch.changed(touched))
        self._restart(self._stop_where_reached(touched))
        lanes = self.on_board(lanes)
        self.goal[lanes] = np.minimum(self._event_time(lanes), self.request.end[self.patient[lanes]])
        if self.watch is not None:
            self.goal[lanes] = np.minimum(self.goal[lanes], self.watch.next_due[lanes])
        return lanes

    def _restart(self, lanes: Array) -> None:
        """After an event, propose the step that suited after the last event of its kind, short enough for triggers."""
        if not len(lanes):
            return
        known = self.after_event[self.fresh_event[lanes], lanes]
        new = known < 0
        known[new] = self._first_step(lanes[new])
        if self.watch is not None:
            known = np.minimum(known, self.watch.longest_steps(lanes))
        self.proposed[lanes] = known
        self.tried_again[lanes] = False

    def _first_step(self, lanes: Array) -> Array:
        """A careful step from the rates at the present states; without any rate, all the way to the end."""
        if not len(lanes):
            return np.zeros(0)
        self.call(
            self.kernel.start,
            self.packs_of(lanes),
            self.states,
            self.derived,
            self.modes,
            self.inputs,
            self.suggested,
            self.tolerances,
            self.scratch,
        )
        span = self.request.end[self.patient[lanes]] - self.time[lanes]
        step: Array = np.fmin(self.suggested[lanes], span)
        return step

    def _move_together(self, lanes: Array) -> Array:
        """Near the end, gather the remaining patients in as few packs as hold them; returns their new lanes."""
        packs = len(self.packs_of(lanes))
        needed = -(-len(lanes) // self.width)
        if packs == needed or len(lanes) > THINNED * packs * self.width:
            return lanes
        new = np.arange(len(lanes))
        (pack, place), (new_pack, new_place) = self.where(lanes), self.where(new)
        for table in (self.states, self.derived, self.modes, self.inputs, self.tolerances, self.largest):
            table[new_pack, :, new_place] = table[pack, :, place]
        columns = (self.patient, self.time, self.proposed, self.goal, self.fresh_event, self.next_output)
        for column in (*columns, self.next_event, self.steps, self.rejected, self.tried_again, self.pace_since):
            column[new] = column[lanes]
        self.after_event[:, new] = self.after_event[:, lanes]
        if self.watch is not None:
            self.watch.move(new, lanes)
        self.patient[len(new) :] = -1
        self.step_size[:] = 1.0
        return new
