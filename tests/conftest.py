"""The kernels of the tests have a folder of their own, kept between runs; long files are begun first."""

import os
import time
from pathlib import Path

import pytest

from charcot.core.private_folder import Untrusted, private_folder

DAY = 86_400.0
KEPT = 14 * DAY  # kernels of programs that are no more
# Files that take longest: with files shared out between workers, the last to be begun should be short.
LONG = (
    "browser/test_explorer.py",
    "contracts/test_kills.py",
    "science/test_experiment_board.py",
    "science/test_numerical_limits.py",
    "science/test_core_design.py",
    "unit/test_trials_run.py",
    "science/test_mechanism_signs.py",
    "contracts/test_population_runs.py",
    "unit/test_cli.py",
    "contracts/test_campaigns.py",
    "contracts/test_adding_content.py",
    "contracts/test_solver_agreement.py",
)


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(request, tmp_path_factory):
    """A kernel's name says all that it depends on, so that a kept one is as good as a new one."""
    folder = Path(request.config.cache.mkdir("kernels"))
    try:
        with private_folder(folder):
            for kernel in folder.iterdir():
                if kernel.is_file() and kernel.stat().st_mtime < time.time() - KEPT:
                    kernel.unlink(missing_ok=True)
    except Untrusted:  # a checkout that others may write to
        folder = tmp_path_factory.mktemp("kernels")
    before = os.environ.get("CHARCOT_CACHE")
    os.environ["CHARCOT_CACHE"] = str(folder)
    yield folder
    os.environ.pop("CHARCOT_CACHE")
    if before is not None:
        os.environ["CHARCOT_CACHE"] = before


def pytest_collection_modifyitems(items):
    def rank(item):
        name = item.path.as_posix()
        return next((k for k, file in enumerate(LONG) if name.endswith(file)), len(LONG))

    items.sort(key=rank)  # stable: the order within a file stays


@pytest.fixture(scope="session", autouse=True)
def no_terminal():
    """What commands write does not hang on the width of who runs the tests: processes side by side are told one."""
    before = os.environ.pop("COLUMNS", None)
    yield
    if before is not None:
        os.environ["COLUMNS"] = before
