"""Plain Python assets behind the model and behind the API itself."""

from pathlib import Path

import dagster as dg
import duckdb

WAREHOUSE = Path(__file__).parents[4] / ".messaging_assets" / "warehouse.duckdb"
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2025-01-01")
# A month's growth needs the month before it too; the first month has none.
THIS_MONTH_AND_THE_LAST = dg.TimeWindowPartitionMapping(start_offset=-1, allow_nonexistent_upstream_partitions=True)


@dg.asset(deps=["messages_per_channel"], group_name="reports", kinds={"python"})
def busiest_channels() -> dg.MaterializeResult:
    """The ten channels with most messages, as a table on the asset's page."""
    query = "SELECT name, messages FROM analytics.messages_per_channel ORDER BY messages DESC, name LIMIT 10"
    with duckdb.connect(WAREHOUSE, read_only=True) as warehouse:
        rows = warehouse.execute(query).fetchall()
    table = "\n".join(["| channel | messages |", "|---|---|", *(f"| {name} | {count} |" for name, count in rows)])
    return dg.MaterializeResult(metadata={"channels": dg.MetadataValue.md(table)})


@dg.asset(
    deps=[dg.AssetDep(["team_messaging", "messages"], partition_mapping=THIS_MONTH_AND_THE_LAST)],
    partitions_def=MONTHS,
    group_name="reports",
    kinds={"python"},
)
def monthly_growth(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """How many more messages a month has than the month before it."""
    month = context.partition_time_window.start
    query = """
        SELECT count(*) FILTER (created_at >= $month), count(*) FILTER (created_at < $month)
        FROM team_messaging.messages
        WHERE created_at >= $month - INTERVAL 1 MONTH AND created_at < $month + INTERVAL 1 MONTH
    """
    with duckdb.connect(WAREHOUSE, read_only=True) as warehouse:
        found = warehouse.execute(query, {"month": month}).fetchone()
    messages, before = found or (0, 0)
    return dg.MaterializeResult(metadata={"messages": messages, "growth": messages - before})
