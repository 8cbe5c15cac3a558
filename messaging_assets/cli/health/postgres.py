"""PostgreSQL: its clock, what this user may make there, and who holds the locks of syncs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from messaging_assets.cli.health.machine import CLOCK_SECONDS
from messaging_assets.cli.health.symptom import Symptom
from messaging_assets.destination.profile import DestinationProfile, refuse_pooler
from messaging_assets.foundation.failures import MendSettings

_LONG_HOURS = 24.0


def clock(client: Any) -> Iterator[Symptom]:
    """Whether the server's clock is this machine's."""
    [[now]] = client.execute_sql("SELECT extract(epoch FROM clock_timestamp())")
    apart = float(now) - time.time()
    if abs(apart) > CLOCK_SECONDS:
        way = "ahead of" if apart > 0 else "behind"
        what = f"the database's clock is {abs(apart) / 60:.0f} minutes {way} this machine's"
        yield Symptom("clock", "warning", what, "set the clock that is wrong; freshness and marks go by it")


def sessions(client: Any, profile: DestinationProfile) -> Iterator[Symptom]:
    """Whether its connections are one's own, and take writes."""
    try:
        refuse_pooler(profile, client)
    except MendSettings as lent:
        yield Symptom("destination", "wrong", lent.what, lent.next_step)
    [[read_only]] = client.execute_sql("SHOW transaction_read_only")
    if read_only == "on":
        mend = "name the server that takes writes, or see whether default_transaction_read_only is set"
        yield Symptom("destination", "wrong", f"{profile.words} takes no writes, as a standby", mend)


def rights(client: Any) -> Iterator[Symptom]:
    """Whether the schemas of all APIs can be made, written, and their tables altered."""
    [[user, database, may_create]] = client.execute_sql(
        "SELECT current_user, current_database(), has_database_privilege(current_database(), 'CREATE')"
    )
    for schema in _schemas():
        found = client.execute_sql(
            "SELECT has_schema_privilege(nspname, 'CREATE') FROM pg_namespace WHERE nspname = %s", schema
        )
        if not found and not may_create:
            what = f"{user} may not make the schema {schema} in {database}"
            mend = f'GRANT CREATE ON DATABASE "{database}" TO "{user}"; or make the schema for it'
            yield Symptom("rights", "wrong", what, mend)
        elif found and not found[0][0]:
            what = f"{user} may not make tables in the schema {schema}"
            yield Symptom("rights", "wrong", what, f'GRANT USAGE, CREATE ON SCHEMA "{schema}" TO "{user}"')
        foreign = client.execute_sql(
            "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = %s "
            "AND NOT pg_has_role(tableowner, 'MEMBER') ORDER BY 1",
            schema,
        )
        if foreign:
            owners = " and ".join(sorted({owner for _, owner in foreign}))
            number = "1 table belongs" if len(foreign) == 1 else f"{len(foreign)} tables belong"
            what = f"in {schema} {number} to {owners}, such as {foreign[0][0]}, so {user} cannot add a column there"
            # REASSIGN OWNED would hand over all that the other user has in the database.
            mend = f'for each of them ALTER TABLE "{schema}"."{foreign[0][0]}" OWNER TO "{user}"; or sync as {owners}'
            yield Symptom("rights", "warning", what, mend)


def locks(client: Any) -> Iterator[Symptom]:
    """Which connections have held the lock of a sync for longer than a sync takes."""
    names = _lock_names()
    if not names:
        return
    held = client.execute_sql(
        "SELECT l.pid, extract(epoch FROM clock_timestamp() - a.backend_start) FROM pg_locks l "
        "JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted "
        "AND ((l.classid::bigint << 32) | l.objid::bigint) IN (SELECT hashtextextended(n, 0) FROM unnest(%s) n)",
        names,
    )
    for pid, seconds in sorted(set(held)):
        if seconds is not None and float(seconds) > _LONG_HOURS * 3600:
            what = f"connection {pid} has held a sync for more than {float(seconds) / 3600:.0f} hours"
            mend = f"see whether its machine is alive; else SELECT pg_terminate_backend({pid})"
            yield Symptom("locks", "warning", what, mend)


def _schemas() -> list[str]:
    from messaging_assets.files.api_files import project_files

    return list(dict.fromkeys(one.dataset_name for one in project_files().descriptions))


def _lock_names() -> list[str]:
    from messaging_assets.destination.names import pipeline_name
    from messaging_assets.files.api_files import project_files

    return [
        f"{one.dataset_name}.{pipeline_name(one.name, resource)}"
        for one in project_files().descriptions
        for resource in one.resources_in_full
    ]
