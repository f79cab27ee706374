"""No circle among files. import-linter keeps the arrow between rooms; this keeps it inside of each room."""

from __future__ import annotations

import grimp
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def circles(imports: dict[str, set[str]]) -> set[frozenset[str]]:
    """Files that import each other, in whatever number of steps, also for types alone and late."""
    names = sorted(imports)
    place = {name: k for k, name in enumerate(names)}
    pairs = np.array([(place[a], place[b]) for a in names for b in imports[a]]).reshape(-1, 2)
    matrix = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(names), len(names)))
    _, group = connected_components(matrix, directed=True, connection="strong")
    members = [frozenset(np.array(names)[group == k].tolist()) for k in np.unique(group)]
    return {some for some in members if len(some) > 1}


def test_a_planted_circle_is_found() -> None:
    found = circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}})
    assert found == {frozenset("bc")}


def test_no_file_imports_itself_in_a_circle() -> None:
    graph = grimp.build_graph("charcot", cache_dir=None)
    imports = {name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}
    assert len(imports) > 300
    found = circles(imports)
    assert not found, "; ".join(" <-> ".join(sorted(one)) for one in found)
