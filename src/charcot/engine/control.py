"""The control of steps, patient by patient, as machine code (translated by :mod:`charcot.engine.scalar`).

The patients of one pack sit in its places, each with its own time and step; a finished one is replaced by the next of
those who wait. One round of :func:`drive` is, for every patient on board:

1. choose the step: what the error allows, but never past the next event or the end;
2. take it, and accept it where the error norm is at most 1;
3. find where the stopping state crossed its threshold, and end the patient there;
4. report the outputs that fall into the step, from the dense output;
5. move on, finish who is done, apply the events that are due, and board those who wait.

What is computed for a patient depends on nothing but that patient. No loop here allocates, and none holds Python's
lock: :mod:`charcot.engine.seats` prepares those who wait and comes in where a patient needs more than this.

The functions are never run by Python; they are written in it to be read and checked.
"""

from __future__ import annotations

from collections.abc import Callable

from charcot.core.result import Status
from charcot.core.schedule import EventKind

Reals = list[float]  # tables, in the kernel's precision
Doubles = list[float]
Integers = list[int]  # of 64 bits
Shorts = list[int]  # of 32 bits
Code = Callable[["Board"], None]

STRETCH = 1.05  # a step may be this much longer than asked for when that reaches the event or the end
NAN_SHRINK = 0.1  # after a step whose result is not finite
SMALLEST_STEP = 1e-14  # relative to the time, and to one day
BISECTIONS = 60
NEVER = float("inf")
SETS, ADDS = 0, 1  # what an event did: an input set, a state raised

# Why :func:`drive` came back: a place is free and nobody waits; all are done; a step cannot be made any smaller; the
# rounds it was given are used up.
MORE, DONE, STUCK, PAUSED = 0, 1, 2, 3

# The functions of the kernel that are called here, with the fields of the board that are their tables.
OF_KERNEL = {
    "step": (
        *("states", "next_states", "dense", "derived", "modes", "inputs"),
        *("step_size", "error", "factor", "wants", "tolerances", "scratch"),
    ),
    "recall": ("dense", "scratch"),
    "commit": ("states", "next_states", "accept", "largest"),
    "sample": (
        *("theta", "step_size", "states", "next_states", "dense"),
        *("derived", "modes", "inputs", "between", "readouts"),
    ),
    "report": ("readouts", "rows", "selection", "values"),
    "start": ("states", "derived", "modes", "inputs", "suggested", "tolerances", "scratch"),
}


class Board:
    """What the control reads and writes: whole numbers, and tables.

    The kernel's tables hold one pack, (vectors, width). Those of seats have a number for each place of the pack.
    """

    # sizes
    width: int
    seats: int  # the places in use
    states_count: int
    derived_count: int
    modes_count: int
    inputs_count: int
    times_count: int  # of a row of output times
    chosen_count: int  # read-outs asked for
    largest_count: int  # states whose largest value is followed: all or none
    stop_state: int  # -1: none
    stop_exact: int  # whether the stopping state is one that is solved exactly

    # where the kernel's functions are
    step: Code
    recall: Code
    commit: Code
    sample: Code
    report: Code
    start: Code

    # the kernel's tables
    packs: Integers  # [0]: the pack
    wants: Integers  # [0]: the dense output is asked for where it is needed
    derived: Reals
    modes: Reals
    inputs: Reals
    states: Reals
    next_states: Reals
    between: Reals
    dense: Reals
    readouts: Reals
    scratch: Reals
    tolerances: Reals
    largest: Reals
    step_size: Reals
    error: Reals
    factor: Reals
    theta: Reals
    accept: Reals
    suggested: Reals
    rows: Integers  # where in ``values`` the place's next row begins; -1: nowhere
    selection: Integers
    values: Doubles

    # of each seat
    patient: Integers  # -1: nobody
    time: Doubles
    goal: Doubles
    arrival: Doubles
    until: Doubles  # outputs are due up to here
    proposed: Reals
    after_event: Reals  # (2, width): the step that suited last time, after events of each kind; -1: none yet
    fresh_event: Integers  # the row of after_event to learn from the next accepted step; -1: none
    next_output: Integers
    next_event: Integers
    steps: Integers
    rejected: Integers
    tried_again: Integers
    stopping: Integers  # whether the step just taken crosses the threshold
    stuck: Integers  # 1, or 2 where the step was not finite

    # who waits: kernel tables of several packs, and the patients in their places
    waiting: int
    next_waiting: int
    more: int  # whether more may come
    waiting_patients: Integers
    waiting_derived: Reals
    waiting_modes: Reals
    waiting_inputs: Reals
    waiting_states: Reals
    waiting_tolerances: Reals

    # what is asked, by patient
    begin: Doubles
    end: Doubles
    thresholds: Doubles
    longest_step: Doubles
    max_steps: Integers
    output_counts: Integers
    output_times: Doubles
    event_offsets: Integers
    event_times: Doubles
    event_targets: Shorts
    event_kinds: Shorts
    event_values: Doubles

    # what is found, by patient
    finished: int
    status: Integers
    end_time: Doubles
    steps_taken: Integers
    steps_rejected: Integers
    final_states: Doubles
    largest_found: Doubles


# rounds ----------------------------------------------------------------------------------------------------------


def drive(at: Board, rounds: int) -> int:
    """Board, step and finish patients for at most so many rounds; returns why it came back."""
    for _ in range(rounds):
        if not fill_seats(at):
            return MORE
        if on_board(at) == 0:
            return DONE
        if advance(at) > 0:
            return STUCK
    return PAUSED


def on_board(at: Board) -> int:
    count = 0
    for seat in range(at.seats):
        if at.patient[seat] >= 0:
            count += 1
    return count


def advance(at: Board) -> int:
    """One attempted step of every patient on board; returns how many are stuck."""
    for seat in range(at.seats):
        if at.patient[seat] >= 0:
            choose_step(at, seat)
    at.step(at)
    wanted = 0
    stuck = 0
    for seat in range(at.width):
        at.accept[seat] = 0.0
        at.until[seat] = -NEVER
        at.stopping[seat] = 0
        if at.patient[seat] >= 0:
            stuck += judge(at, seat)
            if at.accept[seat] == 1.0 and (at.stopping[seat] == 1 or output_time(at, seat) <= at.arrival[seat]):
                wanted = 1
    if wanted == 1:
        at.recall(at)
        for seat in range(at.seats):
            if at.stopping[seat] == 1:
                at.until[seat] = meeting(at, seat)
        report_due(at)
        for seat in range(at.seats):
            if at.stopping[seat] == 1:
                end_between(at, seat)
    at.commit(at)
    for seat in range(at.seats):
        if at.accept[seat] == 1.0:
            move_on(at, seat)
            finish_at_end(at, seat)
            if at.patient[seat] >= 0:
                apply_events(at, seat)
    return stuck


def choose_step(at: Board, seat: int) -> None:
    gap = at.goal[seat] - at.time[seat]
    longest = at.longest_step[at.patient[seat]]
    # a step of nothing would change nothing, without error
    wish = smaller(larger(at.proposed[seat], SMALLEST_STEP * larger(absolute(at.time[seat]), 1.0)), longest)
    if smaller(wish * STRETCH, longest) >= gap:
        at.step_size[seat] = gap
        at.arrival[seat] = at.goal[seat]
    else:
        size = 0.5 * gap if 2.0 * wish > gap else wish
        at.step_size[seat] = size
        at.arrival[seat] = at.time[seat] + size


def judge(at: Board, seat: int) -> int:
    """Accept the step of a patient, or reject it; returns whether the patient is stuck."""
    if at.factor[seat] == 0.0:  # its equations want a solver that pivots
        finish(at, seat, Status.SMALL_PIVOT)
        return 0
    if not at.error[seat] <= 1.0:
        return reject(at, seat)
    at.accept[seat] = 1.0
    at.until[seat] = at.arrival[seat]
    if at.stop_state >= 0 and at.next_states[at.stop_state * at.width + seat] >= at.thresholds[at.patient[seat]]:
        at.stopping[seat] = 1
    return 0


def reject(at: Board, seat: int) -> int:
    at.rejected[seat] += 1
    at.tried_again[seat] = 1
    finite = is_finite(at.error[seat])
    at.proposed[seat] = at.step_size[seat] * (at.factor[seat] if finite else NAN_SHRINK)
    if at.proposed[seat] < SMALLEST_STEP * larger(absolute(at.time[seat]), 1.0):
        at.stuck[seat] = 1 if finite else 2
        return 1
    give_up(at, seat)
    return 0


def give_up(at: Board, seat: int) -> None:
    if at.steps[seat] + at.rejected[seat] >= at.max_steps[at.patient[seat]]:
        finish(at, seat, Status.TOO_MANY_STEPS)


def move_on(at: Board, seat: int) -> None:
    """Count the step, and propose the next."""
    at.time[seat] = at.arrival[seat]
    at.steps[seat] += 1
    used = at.step_size[seat]
    growth = at.factor[seat]
    if at.tried_again[seat] == 1:
        growth = smaller(growth, 1.0)
    wish = at.proposed[seat]
    # a step cut short says nothing against the wish
    at.proposed[seat] = larger(used * growth, wish) if used < wish else used * growth
    at.tried_again[seat] = 0
    if at.fresh_event[seat] >= 0:
        at.after_event[at.fresh_event[seat] * at.width + seat] = at.proposed[seat]
    at.fresh_event[seat] = -1


# boarding --------------------------------------------------------------------------------------------------------


def fill_seats(at: Board) -> bool:
    """Board those who wait; False where a seat stays free though more may come."""
    for seat in range(at.seats):
        while at.patient[seat] < 0 and at.next_waiting < at.waiting:
            take_seat(at, seat, at.next_waiting)
            at.next_waiting += 1
        if at.patient[seat] < 0 and at.more == 1:
            return False
    return True


def take_seat(at: Board, seat: int, place: int) -> None:
    """Put the patient who waits at ``place`` on board, report outputs due at the start, and apply events due there."""
    patient = at.waiting_patients[place]
    pack = place // at.width
    lane = place % at.width
    for i in range(at.derived_count):
        at.derived[i * at.width + seat] = at.waiting_derived[(pack * at.derived_count + i) * at.width + lane]
    for i in range(at.modes_count):
        at.modes[i * at.width + seat] = at.waiting_modes[(pack * at.modes_count + i) * at.width + lane]
    for i in range(at.inputs_count):
        at.inputs[i * at.width + seat] = at.waiting_inputs[(pack * at.inputs_count + i) * at.width + lane]
    for i in range(at.states_count + 1):
        at.tolerances[i * at.width + seat] = at.waiting_tolerances[(pack * (at.states_count + 1) + i) * at.width + lane]
    for i in range(at.largest_count):
        at.largest[i * at.width + seat] = 0.0
    sound = 1
    for i in range(at.states_count):
        value = at.waiting_states[(pack * at.states_count + i) * at.width + lane]
        at.states[i * at.width + seat] = value
        at.next_states[i * at.width + seat] = value
        if not is_finite(value):
            sound = 0
    for i in range(3 * at.states_count):
        at.dense[i * at.width + seat] = 0.0
    at.patient[seat] = patient
    at.time[seat] = at.begin[patient]
    at.arrival[seat] = -NEVER  # no step has been taken
    at.next_output[seat] = 0
    at.steps[seat] = 0
    at.rejected[seat] = 0
    at.tried_again[seat] = 0
    at.next_event[seat] = at.event_offsets[patient]
    at.step_size[seat] = 1.0
    at.fresh_event[seat] = -1
    at.after_event[SETS * at.width + seat] = -1.0
    at.after_event[ADDS * at.width + seat] = -1.0
    if sound == 0:
        finish(at, seat, Status.BAD_INPUT)
        return
    set_off(at, seat)


def set_off(at: Board, seat: int) -> None:
    for other in range(at.seats):
        at.until[other] = -NEVER
    at.until[seat] = at.time[seat]
    report_due(at)
    if stopped_at_threshold(at, seat):
        return
    finish_at_end(at, seat)
    if at.patient[seat] >= 0:
        at.proposed[seat] = first_step(at, seat)
        apply_events(at, seat)


def first_step(at: Board, seat: int) -> float:
    """A careful step from the rates at the present states; without any rate, all the way to the end."""
    at.start(at)
    span = at.end[at.patient[seat]] - at.time[seat]
    return at.suggested[seat] if at.suggested[seat] < span else span


# outputs and ends ------------------------------------------------------------------------------------------------


def output_time(at: Board, seat: int) -> float:
    """The next time at which a patient owes an output; infinity when none is left."""
    patient = at.patient[seat]
    place = at.next_output[seat]
    return at.output_times[patient * at.times_count + place] if place < at.output_counts[patient] else NEVER


def report_due(at: Board) -> None:
    """Report every output due up to ``until``, from the step that has just been taken."""
    due = 1
    while due == 1:
        due = 0
        for seat in range(at.width):
            at.rows[seat] = -1
            if at.patient[seat] >= 0 and output_time(at, seat) <= at.until[seat]:
                due = 1
                set_fraction(at, seat, output_time(at, seat))
                row = at.patient[seat] * at.times_count + at.next_output[seat]
                at.rows[seat] = row * at.chosen_count
                at.next_output[seat] += 1
        if due == 1:
            at.sample(at)
            at.report(at)


def set_fraction(at: Board, seat: int, time: float) -> None:
    """Where ``time`` lies in the step."""
    inside = smaller((time - at.time[seat]) / at.step_size[seat], 1.0)
    at.theta[seat] = 1.0 if time == at.arrival[seat] else inside


def meeting(at: Board, seat: int) -> float:
    """The time at which the stopping state meets its threshold, by bisection of what lies within the step."""
    threshold = at.thresholds[at.patient[seat]]
    place = at.stop_state * at.width + seat
    along = at.states_count * at.width
    before = at.states[place]
    after = at.next_states[place]
    low = 0.0
    high = 1.0
    for _ in range(BISECTIONS):
        s = 0.5 * (low + high)
        if at.stop_exact == 1:
            set_fraction(at, seat, at.time[seat] + s * at.step_size[seat])
            at.sample(at)
            value = at.between[place]
        else:
            inner = at.dense[place] + s * (at.dense[along + place] + s * at.dense[2 * along + place])
            value = (1.0 - s) * before + s * (after + (1.0 - s) * inner)
        if value >= threshold:
            high = s
        else:
            low = s
    if high == 1.0:
        return at.arrival[seat]
    return smaller(at.time[seat] + high * at.step_size[seat], at.arrival[seat])


def end_between(at: Board, seat: int) -> None:
    """End a patient where the threshold is met, within the step just taken."""
    set_fraction(at, seat, at.until[seat])
    at.sample(at)
    for i in range(at.states_count):
        at.states[i * at.width + seat] = at.between[i * at.width + seat]
    at.accept[seat] = 0.0
    at.time[seat] = at.until[seat]
    at.steps[seat] += 1
    finish(at, seat, Status.STOPPED)


def stopped_at_threshold(at: Board, seat: int) -> bool:
    """Finish a patient who stands at or above the threshold; returns whether that was so."""
    if at.stop_state < 0 or not at.states[at.stop_state * at.width + seat] >= at.thresholds[at.patient[seat]]:
        return False
    finish(at, seat, Status.STOPPED)
    return True


def finish_at_end(at: Board, seat: int) -> None:
    """Finish a patient who is at the end, or out of steps."""
    if at.time[seat] >= at.end[at.patient[seat]]:
        finish(at, seat, Status.COMPLETED)
    else:
        give_up(at, seat)


def finish(at: Board, seat: int, status: int) -> None:
    """Write down how a patient ended, and free the seat."""
    patient = at.patient[seat]
    at.status[patient] = status
    at.end_time[patient] = at.time[seat]
    at.steps_taken[patient] = at.steps[seat]
    at.steps_rejected[patient] = at.rejected[seat]
    for i in range(at.states_count):
        at.final_states[patient * at.states_count + i] = at.states[i * at.width + seat]
    for i in range(at.largest_count):
        place = i * at.width + seat  # the last step of one who is stopped within it is never committed
        at.largest_found[patient * at.largest_count + i] = larger(at.largest[place], absolute(at.states[place]))
    at.patient[seat] = -1
    at.stuck[seat] = 0
    at.step_size[seat] = 1.0
    at.finished += 1


# events ----------------------------------------------------------------------------------------------------------


def event_time(at: Board, seat: int) -> float:
    """The time of a patient's next event; infinity when none is left."""
    event = at.next_event[seat]
    return at.event_times[event] if event < at.event_offsets[at.patient[seat] + 1] else NEVER


def apply_events(at: Board, seat: int) -> None:
    """Apply the events due now, one after the other, and set the next goal."""
    touched = 0
    while event_time(at, seat) <= at.time[seat]:
        touched = 1
        event = at.next_event[seat]
        place = at.event_targets[event] * at.width + seat
        if at.event_kinds[event] == EventKind.ADD:
            at.states[place] += at.event_values[event]
            at.fresh_event[seat] = ADDS
        else:
            at.inputs[place] = at.event_values[event]
            if at.fresh_event[seat] < SETS:
                at.fresh_event[seat] = SETS
        at.next_event[seat] += 1
    if touched == 1:
        if stopped_at_threshold(at, seat):
            return
        propose_after_event(at, seat)
    at.goal[seat] = smaller(event_time(at, seat), at.end[at.patient[seat]])


def propose_after_event(at: Board, seat: int) -> None:
    """Propose the step that suited after the last event of its kind."""
    known = at.after_event[at.fresh_event[seat] * at.width + seat]
    at.proposed[seat] = first_step(at, seat) if known < 0.0 else known
    at.tried_again[seat] = 0


# numbers ---------------------------------------------------------------------------------------------------------


def is_finite(value: float) -> bool:
    return value - value == 0.0


def absolute(value: float) -> float:
    return -value if value < 0.0 else value


def smaller(a: float, b: float) -> float:
    return a if a < b else b


def larger(a: float, b: float) -> float:
    return a if a > b else b
