"""Campaigns: the same bytes on any workers, nothing lost by kill -9, damage mended, another job refused."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest
import xarray
from campaign_jobs import Draws, contents

from charcot.core.errors import EXIT_BAD_INPUT
from charcot.engine.campaign import (
    ChunkFailed,
    ClusterTrouble,
    Folder,
    FolderBusy,
    FolderInTheWay,
    NotWritten,
    OtherJob,
    Span,
    default_chunk,
    files,
    folder,
    run,
)
from charcot.engine.campaign.cluster import UnprotectedCluster, _started
from charcot.engine.campaign.work import work_remotely

JOB = Draws()
PROGRAM = Path(__file__).parent / "campaign_jobs.py"


def campaign(path: Path, job: Draws = JOB, chunk: int = 10, **options) -> Path:
    run(job, Folder.begin(path, job, chunk), **options)
    return path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, str]:
    return contents(campaign(tmp_path_factory.mktemp("undisturbed") / "run"))


@pytest.fixture(scope="module")
def cluster():
    import logging

    import distributed

    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as made:
        yield made


def rows(path: Path):
    return parquet.read_table(path / "patients").sort_by("patient")


def test_two_threads_write_the_same_bytes_as_one(tmp_path, undisturbed):
    assert len(undisturbed) == 1 + 30 * 3 + 2  # the job; rows, record and array of each chunk; zarr's two descriptions
    assert contents(campaign(tmp_path / "run", workers=2)) == undisturbed


def test_two_processes_of_a_cluster_write_the_same_bytes(tmp_path, undisturbed, cluster):
    with pytest.warns(UnprotectedCluster, match=r"tcp://127\.0\.0\.1.* whoever reaches it can run code .* tls://"):
        assert contents(campaign(tmp_path / "run", scheduler=cluster.scheduler_address)) == undisturbed


def test_another_chunk_size_holds_the_same_rows_and_arrays(tmp_path):
    small, large = campaign(tmp_path / "small", chunk=7), campaign(tmp_path / "large", chunk=300)
    assert rows(small).equals(rows(large))
    with (
        xarray.open_zarr(small / "arrays.zarr", consolidated=False) as left,
        xarray.open_zarr(large / "arrays.zarr", consolidated=False) as right,
    ):
        assert left.powers.dims == ("patient", "power")
        assert left.powers.shape == (300, 3)
        np.testing.assert_array_equal(left.powers, right.powers)


def test_a_chunk_is_computed_in_blocks_and_stays_one_file(tmp_path, monkeypatch):
    sizes = []
    monkeypatch.setattr(Draws, "block", _spy(sizes))
    job = Draws(size=4500)
    path = campaign(tmp_path / "run", job, chunk=4000)
    assert sizes == [1000, 1000, 1000, 1000, 500]
    assert [p.name for p in sorted((path / "patients").iterdir())] == [
        "000000000000-000000004000.parquet",
        "000000004000-000000004500.parquet",
    ]
    assert rows(path).column("patient").to_pylist() == list(range(4500))


def _spy(sizes):
    block = Draws.block

    def spied(self, first, last):
        sizes.append(last - first)
        return block(self, first, last)

    return spied


def killed_at_random(path: Path, moments: random.Random, kills: int) -> int:
    """Run the program and kill it, again and again; then let it finish. How often it was really killed at work."""
    found = 0
    for _ in range(kills):
        process = subprocess.Popen([sys.executable, str(PROGRAM), str(path)])
        while process.poll() is None and not (path / "job.json").exists():
            time.sleep(0.01)
        time.sleep(moments.uniform(0.0, 1.0))
        if process.poll() is None:
            process.kill()
            found += 1
        process.wait()
    subprocess.run([sys.executable, str(PROGRAM), str(path)], check=True)
    return found


def test_killing_the_process_loses_nothing(tmp_path, undisturbed):
    assert killed_at_random(tmp_path / "run", random.Random(1), kills=3) >= 1
    assert contents(tmp_path / "run") == undisturbed


def test_killing_a_worker_of_a_cluster_loses_nothing(tmp_path, undisturbed, cluster):
    job = Draws(pause=0.1)
    made = Folder.begin(tmp_path / "run", job, 10)
    counted = []
    work = threading.Thread(target=lambda: run(job, made, scheduler=cluster.scheduler_address, progress=counted.append))
    work.start()
    deadline = time.monotonic() + 60
    killed = set()
    for already in (20, 100):  # the first worker after 20 patients, the second after 100
        while sum(counted) < already and time.monotonic() < deadline:
            time.sleep(0.02)
        pid = next(n.pid for n in cluster.workers.values() if n.pid and n.pid not in killed)
        killed.add(pid)
        os.kill(pid, signal.SIGKILL)
    work.join(timeout=60)
    assert not work.is_alive()
    assert len(killed) == 2
    assert sum(counted) == 300
    assert contents(tmp_path / "run") == undisturbed


def test_only_what_is_missing_is_computed(tmp_path, undisturbed):
    path = campaign(tmp_path / "run")
    spans = Folder.open(path).spans()
    parts = Folder.open(path).parts()
    parts[3].write_bytes(parts[3].read_bytes()[:-1])  # truncated
    damaged = bytearray(parts[7].read_bytes())
    damaged[len(damaged) // 2] ^= 1  # one bit
    parts[7].write_bytes(damaged)
    (path / "arrays.zarr" / "powers" / "c" / "12" / "0").unlink()
    (path / "records" / f"{spans[20].name}.json").write_text("{")
    (path / "patients" / ".left.parquet.partial-abc").write_text("half")
    counted, found = [], []
    run(JOB, Folder.open(path), progress=counted.append, found=found.append)
    assert counted == [10, 10, 10, 10]
    assert found == [260]
    assert contents(path) == undisturbed


@pytest.mark.parametrize("broken", ["arrays.zarr/zarr.json", "arrays.zarr/powers/zarr.json", "arrays.zarr", "patients"])
def test_what_chunks_are_written_into_is_made_again_where_it_is_broken(tmp_path, undisturbed, broken):
    job = Draws()
    folder = Folder.begin(tmp_path / "run", job, 10)
    run(job, folder)
    seal = folder.seal()
    assert folder.damaged(seal) == []
    place = folder.path / broken
    shutil.rmtree(place) if place.is_dir() else place.write_text("{")
    assert folder.damaged(seal) != []
    run(job, Folder.begin(folder.path, job))
    assert folder.damaged(seal) == []
    assert contents(folder.path) == undisturbed


def test_another_job_is_refused_by_name(tmp_path):
    path = campaign(tmp_path / "run")
    for job, chunk, words in (
        (Draws(seed=2), None, "job.seed: 1 there, 2 now"),
        (Draws(machine="that"), None, "made by.machine: 'this' there, 'that' now"),
        (JOB, 30, "chunk: 10 there, 30 now"),
    ):
        with pytest.raises(OtherJob, match=words) as caught:
            Folder.begin(path, job, chunk)
        assert caught.value.exit_code == EXIT_BAD_INPUT
    assert Folder.begin(path, JOB).chunk == 10


def test_a_full_disk_is_named_and_leaves_a_resumable_folder(tmp_path, monkeypatch, undisturbed):
    path, count = tmp_path / "run", 0

    def full(place: Path) -> None:
        nonlocal count
        count += ".parquet" in place.name
        if count == 5:
            raise OSError(errno.ENOSPC, "No space left on device", str(place))

    made = Folder.begin(path, JOB, 10)
    with monkeypatch.context() as patch:
        patch.setattr(files, "sync", full)
        with pytest.raises(NotWritten, match=r"patients 40 to 49 could not be written to .*No space left on device"):
            run(JOB, made)
    assert sum(made.finished(span) for span in made.spans()) == 4
    assert not list(path.rglob("*partial*"))
    run(JOB, Folder.open(path))
    assert contents(path) == undisturbed


@pytest.mark.parametrize("workers", [1, 2])
def test_a_computation_that_breaks_down_is_named_and_keeps_the_rest(tmp_path, workers):
    made = Folder.begin(tmp_path / "run", JOB, 10)
    with pytest.raises(ChunkFailed, match=r"patients 150 to 159 could not be computed .ZeroDivisionError: the toy"):
        run(Draws(broken=155), made, workers=workers)
    kept = sum(made.finished(span) for span in made.spans())
    assert 14 <= kept < 30


def test_an_error_on_a_worker_arrives_as_itself(tmp_path, cluster):
    made = Folder.begin(tmp_path / "run", JOB, 10)
    with pytest.raises(ChunkFailed, match="patients 150 to 159 could not be computed"):
        run(Draws(broken=155), made, scheduler=cluster.scheduler_address)


def test_two_processes_do_not_work_in_one_folder(tmp_path):
    made = Folder.begin(tmp_path / "run", JOB, 10)
    with made.alone(), pytest.raises(FolderBusy, match="another process is at work in"):
        run(JOB, Folder.open(tmp_path / "run"))
    run(JOB, made)


def test_a_worker_that_would_compute_something_else_says_so(tmp_path):
    made = Folder.begin(tmp_path / "run", JOB, 10)
    with pytest.raises(ClusterTrouble, match=r"does not see .*file system that the client and every worker share"):
        work_remotely(JOB, str(tmp_path / "elsewhere"), made.key, 0, 10)
    with pytest.raises(ClusterTrouble, match=r"would compute something else.*\n.*'this' there, 'that' now"):
        work_remotely(Draws(machine="that"), str(made.path), made.key, 0, 10)
    assert work_remotely(JOB, str(made.path), made.key, 0, 10) == 10
    assert made.finished(Span(0, 10))


def test_a_scheduler_that_does_not_answer_is_named(tmp_path, monkeypatch):
    from charcot.engine.campaign import cluster as module

    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with pytest.raises(ClusterTrouble, match=r"no scheduler answers at tcp://127\.0\.0\.1:9 "):
        campaign(tmp_path / "run", scheduler="tcp://127.0.0.1:9")


@pytest.fixture(scope="module")
def local_cluster():
    """The processes of this machine, as a campaign starts them."""
    made = _started(1)
    yield made
    made.close(timeout=10)


def _call(address: str, security) -> object:
    """Ask whoever listens at ``address`` for something, as a stranger may."""
    import asyncio

    from distributed.core import rpc

    async def ask():
        async with rpc(address, connection_args=security.get_connection_args("client"), timeout=3) as stranger:
            return await stranger.identity()

    return asyncio.run(ask())


@pytest.mark.parametrize("who", ["scheduler", "worker", "nanny"])
def test_strangers_are_refused_by_the_processes_of_this_machine(local_cluster, who):
    from distributed import Security

    information = local_cluster.scheduler_info
    (worker,) = information["workers"].values()
    address = {
        "scheduler": local_cluster.scheduler_address,
        "worker": next(iter(information["workers"])),
        "nanny": worker["nanny"],
    }[who]
    assert address.startswith("tls://127.0.0.1:")
    own = _call(address, local_cluster.security)
    assert own["type"].lower() == who
    with pytest.raises(OSError):
        _call(address, Security.temporary())  # encrypted, with another certificate
    with pytest.raises(OSError):
        _call(address.replace("tls://", "tcp://"), Security())


def test_a_stranger_cannot_run_code_in_the_processes_of_this_machine(local_cluster):
    import distributed

    encrypted = local_cluster.scheduler_address
    with pytest.raises(OSError):
        distributed.Client(encrypted, security=distributed.Security.temporary(), timeout=2)
    with pytest.raises(TypeError, match="TLS"):  # without any certificate
        distributed.Client(encrypted, timeout=2)
    with pytest.raises(OSError):
        distributed.Client(encrypted.replace("tls://", "tcp://"), timeout=2)


def test_the_processes_files_lie_where_nobody_else_writes(local_cluster):
    (worker,) = local_cluster.scheduler_info["workers"].values()
    place = Path(worker["local_directory"])
    own = next(parent for parent in place.parents if parent.name == f"charcot-{os.geteuid()}")
    assert own.stat().st_uid == os.geteuid()
    assert own.stat().st_mode & 0o022 == 0


def test_a_scratch_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"charcot-{os.geteuid()}").mkdir()
    (tmp_path / f"charcot-{os.geteuid()}").chmod(0o777)
    with pytest.raises(ClusterTrouble, match=r"chmod 700 .*TMPDIR="):
        campaign(tmp_path / "run", scheduler="local")


def test_certificates_that_are_missing_are_named(tmp_path):
    with pytest.raises(ClusterTrouble, match=r"at tls://127\.0\.0\.1:9 .*check it and the certificates"):
        campaign(tmp_path / "run", scheduler="tls://127.0.0.1:9")


def test_processes_that_die_while_they_start_are_started_again(monkeypatch):
    import distributed

    from charcot.engine.campaign import cluster as module

    starts: list[int] = []

    def dying(times: int):
        def start(**options):
            starts.append(options["n_workers"])
            if len(starts) <= times:
                raise RuntimeError("Nanny failed to start.")
            return "a cluster"

        starts.clear()
        monkeypatch.setattr(distributed, "LocalCluster", start)

    dying(2)
    assert module._started(4) == "a cluster"
    assert starts == [4, 4, 4]
    dying(3)
    words = r"4 processes could not be started on this machine .Nanny failed to start"
    with pytest.raises(ClusterTrouble, match=words):
        module._started(4)
    assert len(starts) == module.STARTS


@pytest.mark.parametrize(
    ("leave", "told"),
    [("workers", "has had no worker for"), ("scheduler", "the cluster went away")],
)
def test_a_cluster_that_goes_away_ends_the_run_and_keeps_the_chunks(tmp_path, monkeypatch, leave, told):
    import distributed

    from charcot.engine.campaign import cluster as module

    monkeypatch.setattr(module, "LONELY", 0.5)
    monkeypatch.setattr(module, "GLANCE", 0.2)
    monkeypatch.setattr(module, "PATIENCE", 2.0)
    made = Folder.begin(tmp_path / "run", JOB, 10)
    options = {
        "n_workers": 1,
        "threads_per_worker": 1,
        "processes": False,
        "protocol": "tcp://",
        "dashboard_address": "127.0.0.1:0",
    }
    with distributed.LocalCluster(host="127.0.0.1", silence_logs=50, **options) as one:

        def progress(_count: int) -> None:
            if leave == "workers":
                one.scale(0)
            else:
                one.close(timeout=5)

        with pytest.raises(ClusterTrouble, match=told):
            run(Draws(pause=0.05), made, scheduler=one.scheduler_address, progress=progress)
    assert made.finished(Span(0, 10))
    run(JOB, Folder.open(made.path))


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FolderInTheWay, match=r"it holds mine\.txt"):
        Folder.begin(tmp_path, JOB)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_chunks_are_refused_where_they_would_not_fit(tmp_path):
    with pytest.raises(ValueError, match=r"give up to 1,000, or a multiple \(2,000\)"):
        Folder.begin(tmp_path / "a", JOB, 1500)
    with pytest.raises(ValueError, match=r"would make 1,000,000 files.*\(10,000\)"):
        Folder.begin(tmp_path / "b", Draws(size=10**8), 100)
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


def test_the_usual_chunk_grows_with_the_size():
    sizes = (1, 10**6, 10**7, 10**7 + 1, 10**9)
    assert [default_chunk(size) for size in sizes] == [1000, 1000, 1000, 10_000, 100_000]
    assert 10**9 // default_chunk(10**9) <= folder.MOST_CHUNKS


@pytest.mark.parametrize("failures", [1, 99])
def test_a_client_whose_thread_does_not_begin_is_tried_again_and_then_named(monkeypatch, failures):
    import distributed

    from charcot.engine.campaign import cluster

    tried = []

    def client(to: str) -> str:
        tried.append(to)
        if len(tried) <= failures:
            raise AssertionError
        return to

    monkeypatch.setattr(distributed, "Client", client)
    if failures == 1:
        assert cluster._client("here") == "here"
        assert len(tried) == 2
    else:
        with pytest.raises(ClusterTrouble, match="too busy"):
            cluster._client("here")
        assert len(tried) == cluster.STARTS
