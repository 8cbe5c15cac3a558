"""A run's config that is for no op is told: Dagster passes over it, and the run would be green without what it asks."""

import pytest
from dagster import AssetKey, Config, Definitions, asset, build_asset_context

from messaging_assets.assets.sync_config import refuse_config_of_no_op
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.one_table import API, RESOURCE, OneTable

OP = f"{API}__{RESOURCE}"


class Report(Config):
    """The settings of an op of a project's own."""

    full_refresh: bool = False


@asset
def report(config: Report) -> None:
    """An asset of a project's own, with a setting that a sync has too."""


@pytest.mark.parametrize("name", ["generic_rest__resource_nam", f"{API}/{RESOURCE}", f"{API}.{RESOURCE}", RESOURCE])
def test_a_name_that_is_no_op_is_told_with_the_one_that_is(one_table: OneTable, name: str) -> None:
    given = {"ops": {name: {"config": {"full_refresh": True}}}}
    with pytest.raises(MendDescription, match=f"for '{name}', which is no op; write {OP} under ops, or take it out"):
        refuse_config_of_no_op(given, one_table.describe(), RESOURCE, lambda op: False)


@pytest.mark.parametrize("given", [{}, {"ops": None}, {"ops": {OP: {}, "report": {}, "chat__users": {}}}])
def test_names_of_this_api_and_of_others_are_taken(one_table: OneTable, given: dict[str, object]) -> None:
    refuse_config_of_no_op(given, one_table.describe(), RESOURCE, lambda op: False)


def test_an_op_of_the_run_that_is_called_as_a_resource_is_taken(one_table: OneTable) -> None:
    refuse_config_of_no_op({"ops": {RESOURCE: {}}}, one_table.describe(), RESOURCE, lambda op: op == RESOURCE)


@pytest.mark.parametrize(("name", "is_green"), [(OP, True), (f"{OP}s", False)])
def test_a_run_that_dagster_takes_with_it_is_red(one_table: OneTable, name: str, is_green: bool) -> None:
    one_table.serve([{"id": 1}])
    assert alone(one_table.describe(), RESOURCE).green
    defs = Definitions.merge(definitions_for(one_table.describe()), Definitions([report]))
    given = {"ops": {name: {"config": {"forget_state": True}}, "report": {"config": {"full_refresh": True}}}}
    done = defs.resolve_implicit_global_asset_job_def().execute_in_process(run_config=given, raise_on_error=False)
    assert done.success is is_green


def test_a_run_of_some_assets_takes_the_config_of_its_whole_job(one_table: OneTable) -> None:
    one_table.serve([{"id": 1}])
    own = asset(name=RESOURCE)(lambda: None)
    defs = Definitions.merge(definitions_for(one_table.describe()), Definitions([own]))
    job = defs.resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(
        run_config={"ops": {RESOURCE: {}}}, asset_selection=[AssetKey([API, RESOURCE])], raise_on_error=False
    )
    assert done.success


def test_an_asset_that_is_called_as_a_function_says_how_it_is_run(one_table: OneTable) -> None:
    definitions = definitions_for(one_table.describe())
    [made] = definitions.assets or ()
    context = build_asset_context(resources=dict(definitions.resources or {}))
    with pytest.raises(
        MendDescription, match=r"called as a function, and a sync needs a run; call dagster\.materialize"
    ):
        list(made(context))  # type: ignore[operator, arg-type]
    assert one_table.sandbox.requests == []
