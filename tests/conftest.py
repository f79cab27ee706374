"""The kernels of the tests are compiled into a folder of their own, never into the user's."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kernels")
    before = os.environ.get("CHARCOT_CACHE")
    os.environ["CHARCOT_CACHE"] = str(folder)
    yield folder
    os.environ.pop("CHARCOT_CACHE")
    if before is not None:
        os.environ["CHARCOT_CACHE"] = before
