"""What nobody means: questions made from the server's own schema, and worse; none of them is a failure of ours."""

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error

from charcot.interfaces.explorer.guard import local_hosts
from charcot.interfaces.explorer.server import make_app

BASE = "http://127.0.0.1:8710"
app = make_app(local_hosts(8710), warm=False)
schema = schemathesis.openapi.from_asgi("/api/schema", app, headers={"host": "127.0.0.1:8710"})
SLOW = ("/api/gaps",)  # minutes where the question is a good one


@schema.exclude(path=list(SLOW)).parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_question_is_a_failure_of_the_server(case: Case) -> None:
    case.headers = {**(case.headers or {}), "host": "127.0.0.1:8710"}
    case.call_and_validate(base_url=BASE, checks=[not_a_server_error])
