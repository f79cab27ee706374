"""Hints name what is near, and where nothing is, what there is."""

from charcot.core.identifiers import LISTED, close_to, did_you_mean


def test_the_nearest_names_are_offered():
    assert did_you_mean("edaravon", ["riluzole", "edaravone_iv", "edaravone_oral"]).startswith(
        "Did you mean edaravone_"
    )


def test_where_nothing_is_near_the_names_are_listed_of_many_the_first():
    assert did_you_mean("zzz", ["riluzole", "tofersen"]) == (
        "No known name is close to it. Known are: riluzole, tofersen."
    )
    many = [f"name{k:02}" for k in range(LISTED + 3)]
    assert did_you_mean("zzz", many).endswith(f"name{LISTED - 1:02} and 3 more.")
    assert did_you_mean("zzz", set(many)) == did_you_mean("zzz", many)  # a set has no order of its own
    assert did_you_mean("zzz", []) == close_to("zzz", []) == "No known name is close to it."


def test_a_name_that_is_given_twice_is_offered_once():
    assert did_you_mean("synthesi", ["synthesis", "synthesis"]) == "Did you mean synthesis?"
    assert did_you_mean("zzz", ["riluzole", "riluzole"]).endswith("Known are: riluzole.")
