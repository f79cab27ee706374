"""What nobody means: questions made from the server's own schema, and worse; none of them is a failure of ours."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error

from charcot.interfaces.explorer import trial, trial_power
from charcot.interfaces.explorer.guard import local_hosts
from charcot.interfaces.explorer.server import make_app
from charcot.trials.power.operating import library_job

BASE = "http://127.0.0.1:8710"
app = make_app(local_hosts(8710), warm=False)
schema = schemathesis.openapi.from_asgi("/api/schema", app, headers={"host": "127.0.0.1:8710"})
SLOW = ("/api/gaps",)  # minutes where the question is a good one


@pytest.fixture(scope="module", autouse=True)
def _few_people():
    """Good questions about trials are cheap: so few people are drawn that nearly every trial says whom it lacks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "MOST_SCREENED", 50)
        patch.setattr(trial_power, "library_job", lambda grid, _people, world: library_job(grid, 20, world))
        yield


@schema.exclude(path=list(SLOW)).parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_question_is_a_failure_of_the_server(case: Case) -> None:
    case.headers = {**(case.headers or {}), "host": "127.0.0.1:8710"}
    if case.method == "POST":  # from the server's own page
        case.headers = {**case.headers, "origin": BASE, "content-type": "application/yaml"}
    case.call_and_validate(base_url=BASE, checks=[not_a_server_error])
