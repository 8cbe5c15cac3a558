"""Mistakes in API files: each is told once, with its line, and no broken file takes another down."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging_assets.description.names import RESERVED_STEMS, identifier
from messaging_assets.files.api_files import (
    InvalidDescription,
    Problem,
    api_folders,
    describe,
    read_file,
    read_folders,
)
from messaging_assets.files.json_schema import file_schema
from messaging_assets.files.yaml_lines import read_yaml
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import DATABASE_STEM

CANARY = "s3cr3tCanary"
CLIENT = "client:\n  base_url: https://api.example.com\n"
USERS = "resources:\n  - name: users\n"
RESERVED = "means something else to dlt or the database; rename the file"
SECRET = "no secret belongs in an API file; "
KINDS = (
    "api_key, bearer, http_basic, http_digest, oauth2, oauth2_client_credentials, oauth2_password, oauth2_jwt_bearer, "
    "oauth2_refresh_token, session, jwt, hmac, aws_sigv4"
)
PAGING = "page_number, offset, header_link, json_link, json_response, cursor, header_cursor, single_page, auto"


def in_client(text: str) -> str:
    """A file whose client goes on with `text`, from line 3."""
    return f"{CLIENT}  {text}\n{USERS}"


def in_resource(*lines: str) -> str:
    """A file whose only resource goes on with these lines, from line 5."""
    return CLIENT + USERS + "".join(f"    {line}\n" for line in lines)


def at_top(text: str) -> str:
    """A file that goes on with `text`, from line 5."""
    return f"{CLIENT}{USERS}{text}\n"


def resources(*texts: str) -> str:
    """A file with these resources, one a line, from line 4."""
    return f"{CLIENT}resources:\n" + "".join(f"  - {text}\n" for text in texts)


def example(expected: str, text: str, name: str) -> Any:
    return pytest.param(expected, text, id=name.replace(" ", "-"))


NO_NUMBER = (
    "is a number to YAML, which drops zeros around it, a plus and an exponent; put it in quotes, or leave those out"
)
BAD = [
    # Keys and words.
    example(
        "5: resources.users.endpoint.data_selctor: unknown key; did you mean data_selector?",
        in_resource("endpoint: {data_selctor: data}"),
        "mistyped key",
    ),
    example(
        "5: colour: unknown key; allowed: account_column, accounts, client, dataset, description, "
        "group, key_prefix, lineage, "
        "not_secret, resource_defaults, resources, schedule, sensor, settings",
        at_top("colour: red"),
        "unknown key",
    ),
    example(
        f"3: client.auth.type: 'oauth' is not allowed here; allowed: {KINDS}; did you mean oauth2?",
        in_client("auth: {type: oauth}"),
        "unknown authentication",
    ),
    example(
        f"3: client.auth: text is not allowed here; allowed: {KINDS}; did you mean http_digest?",
        in_client("auth: digest"),
        "unknown authentication in short",
    ),
    example(
        f"3: client.paginator.type: 'ofset' is not allowed here; allowed: {PAGING}; did you mean offset?",
        in_client("paginator: {type: ofset, limit: 3}"),
        "unknown paginator",
    ),
    example(
        "3: client.paginator.limit: is missing; add it: rows to ask for",
        in_client("paginator: offset"),
        "offset in short",
    ),
    example(
        "3: client.paginator.limit: needs a type beside it; write type: offset",
        in_client("paginator: {limit: 3}"),
        "paginator without a type",
    ),
    example(
        "3: client.auth.location: needs a type beside it; write type: api_key",
        in_client("auth: {location: query}"),
        "authentication without a type",
    ),
    example(
        "3: client.auth[0].nme: unknown key; did you mean name?",
        in_client("auth: [{type: api_key, nme: X-Key}]"),
        "a word of one of several ways",
    ),
    example(
        "3: client.auth[0].?: unknown key; allowed: prefix, secret, type",
        in_client("auth: [{type: bearer, zzz: 1}]"),
        "a key of one of several ways that resembles no word",
    ),
    example(
        "5: resources.users.write_disposition: 'mrge' is not allowed here; "
        "allowed: skip, append, replace, merge, a mapping; did you mean merge?",
        in_resource("write_disposition: mrge"),
        "unknown disposition",
    ),
    example(
        "5: resources.users.write_disposition.strategy: 'cdc' is not allowed here; "
        "allowed: delete-insert, upsert, insert-only, scd2",
        in_resource("write_disposition: {disposition: append, strategy: cdc}"),
        "unknown strategy",
    ),
    example(
        "5: resources.users.endpoint.response_actions[0].action: 'ignor' is not allowed here; "
        "allowed: empty, ignore, split, restart, renew, retry, a function (from Python only); did you mean ignore?",
        in_resource("endpoint: {response_actions: [{status_code: 404, action: ignor}]}"),
        "unknown action",
    ),
    # Wrong and missing values.
    example("1: client: is missing; add it: where the API is, and what holds for all its requests", USERS, "no client"),
    example(
        "1: client.base_url: is missing; add it: the API's address, without parameters",
        "client: {headers: {}}\n" + USERS,
        "no base_url",
    ),
    example(
        "1: resources: is missing; add it: the lists of the API",
        CLIENT,
        "no resources",
    ),
    example("3: resources: needs at least one entry", CLIENT + "resources: []\n", "empty resources"),
    example(
        "3: resources: must be a list, not a mapping; write - name: users for each",
        CLIENT + "resources: {}\n",
        "resources as mapping",
    ),
    example(
        "4: resources[0].name: is missing; add it: the asset's name, and the table's unless `table_name` is there",
        resources("{description: x}"),
        "no name",
    ),
    example(
        "4: resources[0]: must be a mapping, not a number; write {name: ...}", resources("5"), "resource as number"
    ),
    example(
        "5: resources.users.endpoint: must be a mapping, not a list; write {path: ...}",
        in_resource("endpoint: []"),
        "endpoint list",
    ),
    example("5: resources.users.primary_key[1]: must be text, not a number", in_resource("primary_key: [a, 1]"), "key"),
    example(
        "5: resources.users.primary_key: must be text or a list, not a mapping", in_resource("primary_key: {}"), "keys"
    ),
    example("5: resources.users.selected: must be true or false, not text", in_resource("selected: perhaps"), "bool"),
    example("5: resources.users.passes: must be at most 5", in_resource("passes: 6"), "too many passes"),
    example("5: sensor.minimum_interval: must be at least 5", at_top("sensor: {minimum_interval: 1}"), "interval"),
    example("3: client.headers.X-Version: must be text, not a number", in_client("headers: {X-Version: 3}"), "header"),
    example(
        "2: client.base_url: must start with https:// (or http://)",
        "client:\n  base_url: api.example.com\n" + USERS,
        "address without scheme",
    ),
    example(
        "2: client.base_url: an address ends before ? and #; parameters go under endpoint.params, secrets under auth",
        "client:\n  base_url: https://api.example.com?v=1\n" + USERS,
        "address with query",
    ),
    example(
        "5: resources.users.endpoint.data_selector: is no JSON path; write one such as data, result.items or $",
        in_resource('endpoint: {data_selector: "data["}'),
        "JSON path",
    ),
    example(
        "5: schedule.cron: '0 * * *' is no cron line; write five fields, such as \"0 * * * *\" for every full hour",
        at_top('schedule: {cron: "0 * * *"}'),
        "cron",
    ),
    example(
        "5: schedule.timezone: 'Mars' is no time zone; use an IANA name such as UTC or Europe/Berlin",
        at_top('schedule: {cron: "0 * * * *", timezone: Mars}'),
        "time zone",
    ),
    example(
        "3: client.auth.token_url: is missing; add it: the address to ask for a token",
        in_client("auth: {type: oauth2}"),
        "no token_url",
    ),
    example(
        "3: client.auth.token_url: is missing; add it: the address to ask for a token",
        in_client("auth: oauth2"),
        "no token_url in short",
    ),
    example(
        "3: client.auth: token_url and access_token_url are two words for one thing; keep one",
        in_client("auth: {type: oauth2, token_url: 'https://a.example', access_token_url: 'https://a.example'}"),
        "two token_urls",
    ),
    # Names.
    example(
        "5: resources.users.name: a resource named 'users' is there already; each needs a name of its own",
        resources("users", "name: users"),
        "duplicate resource",
    ),
    example(
        "5: resources.user_events.name: 'user_events' and 'userEvents' would share the table user_events; "
        "give one of them another table_name",
        resources("name: userEvents", "name: user_events"),
        "one table",
    ),
    *(
        example(
            f"4: resources{shown}.name: '{name}' must be up to 50 letters, digits and single underscores, a letter "
            "first; write its path under endpoint.path",
            resources(f"name: '{name}'"),
            f"resource named {name}",
        )
        for name, shown in (
            ("messages__tags", ".messages__tags"),
            ("_users", "._users"),
            ("users_", ".users_"),
            ("v1/users", "[0]"),
            ("1st", ".1st"),
        )
    ),
    example(
        "5: resources.users.columns.created_at: 'created_at' and 'createdAt' would share the column created_at; "
        "keep one",
        in_resource("columns: {createdAt: {}, created_at: {}}"),
        "one column",
    ),
    example(
        "6: resources.users.columns.Id: 'Id' and 'id' would share the column id; keep one",
        CLIENT + "resource_defaults: {columns: {id: {}}}\n" + USERS + "    columns: [{name: Id}]\n",
        "one column with the defaults",
    ),
    example(
        "5: resources.users.columns.id: this column comes twice",
        in_resource("columns: [{name: id}, {name: id}]"),
        "column twice",
    ),
    example(
        "5: resources.users.columns[0]: a column in a list needs a name; write {name: ..., data_type: ...}",
        in_resource("columns: [{data_type: text}]"),
        "column without a name",
    ),
    example(
        "5: resources.users.columns.id.name: a column is named by its key; leave name out",
        in_resource("columns: {id: {name: key}}"),
        "column with two names",
    ),
    # What belongs elsewhere.
    example(
        "5: resources.users.processing_steps: code has no place in an API file; write steps (filter, drop, "
        "rename ...), or definitions_for(...) in Python",
        in_resource("processing_steps: [{map: str}]"),
        "code",
    ),
    example(
        "5: resources.users.endpoint.incremental.convert: must be a function (from Python only), not text",
        in_resource("endpoint: {incremental: {cursor_path: at, convert: str}}"),
        "function",
    ),
    example(
        "5: resources.users.parent_table_name: nested values become tables by themselves with nested: tables; "
        "leave it out",
        in_resource("parent_table_name: people"),
        "parent_table_name",
    ),
    example("5: name: the API's name is the file's stem; leave it out", at_top("name: team_chat"), "name of the API"),
    *(
        example(
            f"3: client.auth.{key}: {SECRET}set TEAM_CHAT__{key.upper()} in the environment or {key} under "
            "[sources.team_chat] in .dlt/secrets.toml",
            in_client(f"auth: {{type: {kind}, {key}: {CANARY}}}"),
            f"secret {key}",
        )
        for kind, key in (
            ("api_key", "api_key"),
            ("bearer", "token"),
            ("http_basic", "username"),
            ("http_basic", "password"),
            ("oauth2, token_url: 'https://api.example.com'", "client_id"),
            ("oauth2, token_url: 'https://api.example.com'", "client_secret"),
        )
    ),
    example(
        f"3: client.auth.access_token: {SECRET}write type: bearer and set TEAM_CHAT__TOKEN in the environment or token "
        "under [sources.team_chat] in .dlt/secrets.toml",
        in_client(f"auth: {{type: oauth2, token_url: 'https://api.example.com', access_token: {CANARY}}}"),
        "secret access_token",
    ),
    *(
        example(
            f"5: resources.users.endpoint.{place}: {SECRET}describe it under auth (its value goes into the environment "
            "as TEAM_CHAT__API_KEY, __TOKEN, ...), or name this path under not_secret if it is none",
            in_resource(f"endpoint: {{{text}}}"),
            f"secret in {place}",
        )
        for place, text in (
            ("headers.X-Api-Key", f"headers: {{X-Api-Key: {CANARY}}}"),
            ("params.apiKey", f"params: {{apiKey: {CANARY}}}"),
            ("json.login.password", f"json: {{login: {{password: {CANARY}}}}}"),
            ("path", f"path: '/v1/users?limit=5&api_key={CANARY}'"),
        )
    ),
    *(
        example(
            f"{line}: {place}: {SECRET}describe it under auth (its value goes into the environment as "
            "TEAM_CHAT__API_KEY, __TOKEN, ...), or name this path under not_secret if it is none",
            text,
            f"secret in a query of {name}",
        )
        for line, place, text, name in (
            (5, "resources.users.endpoint.path", in_resource(f"endpoint: {{path: '/u?n=1&api_key={CANARY}'}}"), "path"),
            (5, "resources.users.endpoint", in_resource(f"endpoint: 'u?X-API%2DKey={CANARY}'"), "endpoint"),
            (
                3,
                "resource_defaults.endpoint.path",
                f"{CLIENT}resource_defaults: {{endpoint: {{path: '/u#token={CANARY}'}}}}\n{USERS}",
                "defaults",
            ),
            (
                6,
                "resources.users.endpoint",
                in_client("auth: {type: api_key, name: k, location: query}") + f"    endpoint: '/u?k={CANARY}'\n",
                "the parameter of auth",
            ),
            (
                3,
                "client.auth.token_url",
                in_client(f"auth: {{type: oauth2, token_url: 'https://a.example/token?client_secret={CANARY}'}}"),
                "token_url",
            ),
        )
    ),
    *(
        example(
            f"{line}: {place}: no user or password belongs in an address; describe them under auth (type: http_basic)",
            text,
            f"secret in {place}",
        )
        for line, place, text in (
            (2, "client.base_url", f"client:\n  base_url: https://me:{CANARY}@api.example.com\n{USERS}"),
            (3, "client.auth.token_url", in_client(f"auth: {{type: oauth2, token_url: 'https://{CANARY}@a.example'}}")),
        )
    ),
    example(
        "4: resources[0].name: this name must be up to 50 letters, digits and single underscores, a letter first; "
        "write its path under endpoint.path",
        resources(f"'u?api_key={CANARY}'"),
        "secret in a name",
    ),
    # Contradictions.
    example(
        "5: resources.users.write_disposition: merge needs a primary_key or a merge_key, to know which row is which; "
        "name one, or write append or replace",
        in_resource("write_disposition: merge"),
        "merge without a key",
    ),
    example(
        "3: resource_defaults.write_disposition: merge needs a primary_key or a merge_key, to know which row is which; "
        "name one, or write append or replace",
        CLIENT + "resource_defaults: {write_disposition: {disposition: merge, strategy: upsert}}\n" + USERS,
        "merge without a key in the defaults",
    ),
    example(
        "6: resources.users.columns.Id.nullable: a column of the primary key cannot be empty; write nullable: false",
        in_resource("primary_key: id", "columns: {Id: {nullable: true}}"),
        "key that may be empty",
    ),
    *[
        example(
            "6: resources.users.columns.Seen_At.sensitive: sync and sensor keep a cursor's last value in Dagster, "
            "so it cannot be sensitive; take one out",
            in_resource(f"endpoint: {written}", "columns: {Seen_At: {sensitive: true}, name: {sensitive: true}}"),
            f"sensitive cursor {number}",
        )
        for number, written in enumerate(
            (
                "{incremental: {cursor_path: Seen_At}}",
                "{params: {since: {type: incremental, cursor_path: $.seen_at.time}}}",
            )
        )
    ],
    example(
        "5: resources.users.write_disposition: replace with incremental would drop every row before the cursor; "
        "write merge or append",
        in_resource("write_disposition: replace", "endpoint: {incremental: {cursor_path: at}}"),
        "replace with incremental",
    ),
    *[
        example(
            f"5: resources.users.endpoint.{where}.lag: a lag reads rows again, and append would have them twice; "
            "write merge, or take the lag out",
            in_resource(f"endpoint: {endpoint}"),
            f"a lag with append in {where}",
        )
        for where, endpoint in (
            ("incremental", "{incremental: {cursor_path: at, lag: 60}}"),
            ("params.since", "{params: {since: {type: incremental, cursor_path: at, lag: 60}}}"),
        )
    ],
    example(
        "6: resources.users.endpoint.incremental: one resource has one cursor; keep one incremental",
        in_resource(
            "endpoint:",
            "  incremental: {cursor_path: at}",
            "  params: {since: {type: incremental, cursor_path: at}}",
        ),
        "two cursors",
    ),
    example(
        "5: resources.users.endpoint.data: a request has one body; keep json or data",
        in_resource("endpoint: {method: POST, json: {}, data: x}"),
        "two bodies",
    ),
    # Parents and placeholders.
    example(
        "5: resources.messages.endpoint: its parent 'chanels' is no resource of this file; did you mean channels?",
        resources("channels", "{name: messages, endpoint: '/c/{resources.chanels.id}'}"),
        "unknown parent",
    ),
    example(
        "4: resources.messages.endpoint.params.c.resource: its parent 'users' is no resource of this file; "
        "there are: messages",
        resources(
            "{name: messages, endpoint: {path: '/c/{c}', params: {c: {type: resolve, resource: users, field: id}}}}"
        ),
        "unknown parent of a parameter",
    ),
    example(
        "7: resources.d.endpoint: b and c are both children of a, and their records cannot be matched; take fields of "
        "one of them",
        resources(
            "a",
            "{name: b, endpoint: '/{resources.a.id}/b'}",
            "{name: c, endpoint: '/{resources.a.id}/c'}",
            "{name: d, endpoint: '/{resources.b.id}/{resources.c.id}'}",
        ),
        "parents with one parent",
    ),
    example(
        "6: resources.c.include_from_parent[0]: of which of several parents? write <parent>.<field>, such as a.id; its "
        "parents: a, b",
        resources("a", "b", "{name: c, endpoint: '/{resources.a.id}/{resources.b.id}', include_from_parent: [id]}"),
        "field of which parent",
    ),
    example(
        "5: resources.users.endpoint.path: nothing fills the placeholder 'for_each.area'; there are: {for_each.region}",
        in_resource("endpoint: {path: '/{for_each.area}/{for_each.region}'}", "for_each: {region: [eu]}"),
        "unknown values",
    ),
    example(
        "5: resources.users.endpoint.path: nothing fills the placeholder 'for_each.area'; write for_each: "
        "{<name>: [<value>, ...]} beside endpoint",
        in_resource("endpoint: {path: '/{for_each.area}'}"),
        "no values",
    ),
    example(
        "5: resources.users.for_each.region: nothing in the request takes these values; write {for_each.region} where "
        "they belong",
        in_resource("for_each: {region: [eu]}"),
        "values that nothing takes",
    ),
    example(
        "6: resources.users.for_each.region[1]: this value comes twice",
        in_resource("endpoint: {params: {q: '{for_each.region}'}}", "for_each: {region: [7, '7']}"),
        "value that comes twice",
    ),
    example(
        "6: resources.users.for_each.region[0]: an empty value, or dots, would ask for another address; take it out",
        in_resource("endpoint: '/{for_each.region}/x'", "for_each: {region: ['..']}"),
        "value of dots",
    ),
    example(
        "5: resources.b.for_each.a_id: would share the column _a_id with a field of include_from_parent; rename it",
        resources(
            "a",
            "{name: b, endpoint: '/{resources.a.id}/{for_each.a_id}', for_each: {a_id: [1]}, "
            "include_from_parent: [id]}",
        ),
        "values that share a column",
    ),
    example(
        "5: resources.users.only_changed_parents: this resource has no parent that could change; name one in the path: "
        "{resources.<parent>.<field>}",
        in_resource("only_changed_parents: true"),
        "changes of no parent",
    ),
    *(
        example(
            f"5: resources.b.only_changed_parents: {way} would take away the rows of parents that did not change; "
            "take one of the two out",
            resources(
                "a", f"{{name: b, endpoint: '/{{resources.a.id}}', {words}, primary_key: id, only_changed_parents: at}}"
            ),
            f"changed parents and {way}",
        )
        for way, words in {
            "write_disposition replace": "write_disposition: replace",
            "the strategy scd2": "write_disposition: {disposition: merge, strategy: scd2}",
            "deletes": "write_disposition: merge, deletes: mark",
            "a merge_key": "write_disposition: merge, merge_key: x",
            "partitions": "write_disposition: merge, partitions: {type: daily, start: '2025-01-01', start_param: s, "
            "column: at}",
        }.items()
    ),
    example(
        "4: resources.a.endpoint: a resource cannot be its own parent",
        resources("{name: a, endpoint: '/{resources.a.id}'}"),
        "own parent",
    ),
    example(
        "5: resources.users.primary_key: is one name; write a list for several: [id, name]",
        in_resource("primary_key: id, name"),
        "names with a comma",
    ),
    example(
        "5: resources.users.include_from_parent: this resource has no parent; name one in the path: "
        "{resources.<parent>.<field>}",
        in_resource("include_from_parent: [id]"),
        "no parent",
    ),
    example(
        "5: resources.users.endpoint.path: nothing fills the placeholder 'id'; allowed: {resources.<parent>.<field>}, "
        "{for_each.<name>}, {now:<format>}, or a name from params; double braces mean themselves",
        in_resource("endpoint: {path: '/users/{id}'}"),
        "placeholder without a parameter",
    ),
    example(
        "5: resources.users.endpoint.params.q: nothing fills the placeholder; allowed: {resources.<parent>.<field>}, "
        "{for_each.<name>}, {now:<format>}; double braces mean themselves",
        in_resource("endpoint: {params: {q: '{id}'}}"),
        "placeholder in a parameter",
    ),
    example(
        "7: resources.users.endpoint.params.q: nothing fills the placeholder; allowed: {resources.<parent>.<field>}, "
        "{for_each.<name>}, {now:<format>}, {window.start}; double braces mean themselves",
        in_resource(
            "write_disposition: append",
            "partitions: {type: daily, start: '2025-01-01', start_param: s, column: at}",
            "endpoint: {params: {q: '{partition_start}'}}",
        ),
        "placeholder beside partitions",
    ),
    example(
        "5: resources.users.endpoint.data_selector: must be text, not a list; write \"['a', 'b'][*]\" for several "
        "lists",
        in_resource("endpoint: {data_selector: [a, b]}"),
        "several selectors",
    ),
    example(
        "5: resources.users.endpoint.json.a[0]: its braces do not pair; double those that mean themselves: {{ and }}",
        in_resource("endpoint: {json: {a: ['{']}}"),
        "braces that do not pair",
    ),
    example(
        "5: resources.b.endpoint: a placeholder for a parent's field is written {resources.<parent>.<field>}",
        resources("a", "{name: b, endpoint: '/{resources.a}'}"),
        "placeholder without a field",
    ),
    example(
        "5: resources.b.endpoint: a path takes a field as it is, or as a moment's format says, such as :date; "
        "leave out what follows : or !",
        resources("a", "{name: b, endpoint: '/{resources.a.id!r}'}"),
        "placeholder with a format",
    ),
    example(
        "6: resources.users.endpoint.params.since: no value is written so; behind the colon, write iso, date, http, "
        "epoch_seconds, epoch_ms, epoch_us, epoch_ns, or a pattern such as %Y-%m-%d, or nothing",
        in_resource(
            "write_disposition: append",
            "endpoint: {params: {since: '{incremental.start_value:days}'}, incremental: {cursor_path: at}}",
        ),
        "a format in braces that dlt does not know",
    ),
    example(
        "5: resources.b.endpoint.params.a: no value is written so; behind the colon, write iso, date, http, "
        "epoch_seconds, epoch_ms, epoch_us, epoch_ns, or a pattern such as %Y-%m-%d, or nothing",
        resources("a", "{name: b, endpoint: {params: {a: '{resources.a.at:days}'}}}"),
        "a parent's field in a format that dlt does not know",
    ),
    *(
        example(
            f"5: resources.users.endpoint.{place}: a secret is all of a header, a parameter or a field of the "
            "body, but for what stands before it; for another text write type: hmac under auth",
            in_resource(f"endpoint: {{{written}}}"),
            f"a secret in {place}",
        )
        for place, written in (
            ("params.key", "params: {key: '{secret.app_key}:{secret.other}'}"),
            ("headers.X-Key", "headers: {X-Key: 'Key {secret.app_key};v=1'}"),
            ("json.of.key", "method: POST, json: {of: {key: '{secret.app_key}/{secret.other}'}}"),
            ("data", "method: POST, data: 'key={secret.app_key}'"),
        )
    ),
    example(
        "2: client.base_url: a secret in an address goes into endpoint.path; elsewhere set <API>__BASE_URL to base_url "
        "with it",
        "client:\n  base_url: 'https://api.example.com/bot{secret.token}'\nresources: [users]\n",
        "a secret in an address",
    ),
    example(
        "5: resources.users.endpoint.params.since.type: must be resolve or incremental",
        in_resource("endpoint: {params: {since: {type: cursor}}}"),
        "unknown binding",
    ),
    example(
        "5: resources.users.endpoint.params.since.cursor_pat: unknown key; did you mean cursor_path?",
        in_resource("endpoint: {params: {since: {type: incremental, cursor_path: at, cursor_pat: at}}}"),
        "mistyped key in a binding",
    ),
    example(
        "5: resources.b.endpoint.params.a: type: resolve works in a path only; write {<this name>} there, or "
        "{resources.<parent>.<field>} as the value here",
        resources("a", "{name: b, endpoint: {params: {a: {type: resolve, resource: a, field: id}}}}"),
        "parameter outside the path",
    ),
    *(
        example(
            f"5: resources.users.columns.at.data_type: '{theirs}' is not allowed here; allowed: text, double, bool, "
            f"timestamp, bigint, binary, json, decimal, wei, date, time; did you mean {ours}?",
            in_resource(f"columns: {{at: {{data_type: {theirs}}}}}"),
            f"{theirs}, as others call {ours}",
        )
        for theirs, ours in {
            "datetime": "timestamp",
            "string": "text",
            "integer": "bigint",
            "time_stamp": "timestamp",
        }.items()
    ),
    *(
        example(
            f"7: resources.users.partitions: {told}",
            in_resource(
                "write_disposition: append",
                "endpoint: {path: /u}",
                f"partitions: {{type: {windows}, start: '{start}', start_param: s, end_param: e, column: at}}",
            ),
            f"{windows} windows from {start}",
        )
        for windows, start, told in (
            ("weekly", "2025-01-01", "weekly windows begin on Sundays; write start: 2024-12-29, or a later one"),
            (
                "monthly",
                "2025-01-15",
                "monthly windows begin on the first of a month; write start: 2025-01-01, or a later one",
            ),
            (
                "daily",
                "2025-01-02T06:00:00",
                "daily windows begin with the day; write start: 2025-01-02, or a later one",
            ),
            (
                "hourly",
                "2025-01-02T06:30:00",
                "hourly windows begin with the hour; write start: 2025-01-02T06:00:00, or a later one",
            ),
            (
                "daily",
                "2025-01-02T00:00:00+02:00",
                "start is a time of timezone, which has another offset then; leave the offset out",
            ),
        )
    ),
    # YAML itself.
    example("1: is empty; begin with messaging-assets discover, or a copy of _template.yaml", "", "empty file"),
    example(
        "1: is empty; begin with messaging-assets discover, or a copy of _template.yaml",
        "# nothing yet\n",
        "comments alone",
    ),
    example(
        "1: must be a mapping, not a list; begin with messaging-assets discover, or a copy of _template.yaml",
        "- client\n",
        "list at the top",
    ),
    example(
        "2: does not parse as YAML: mapping values are not allowed in this context; indent it as its neighbours, or "
        "put a text that holds a colon in quotes",
        "client: x\n  base_url: y: z\n",
        "indentation",
    ),
    example(
        "3: does not parse as YAML: did not find expected key; indent it as its neighbours, and see whether quotes and "
        "brackets are in pairs",
        "client:\n    base_url: x\n  auth: bearer\n",
        "indented less",
    ),
    example("2: is indented by a tab, which YAML does not take; use spaces", "client:\n\tbase_url: x\n", "tab"),
    example("3: is indented by a tab, which YAML does not take; use spaces", "client:\n  a: b\n  \tc: d\n", "late tab"),
    example(
        "3: is indented by a character that only looks like a space, which YAML does not take; use spaces",
        "client:\n  a: b\n   \u00a0c: d\n",
        "hard space before a key",
    ),
    example(
        "2: ?: has a character beside it that only looks like a space; use spaces",
        "client:\n\u00a0 a: b\n  c: d\n",
        "hard space before a first key",
    ),
    example(
        "2: does not parse as YAML: did not find expected key; put the whole text in quotes",
        "endpoint:\n  path: {resources.users.id}/posts\n  method: GET\n",
        "a text that begins with braces",
    ),
    example(
        "2: does not parse as YAML: did not find expected ',' or '}'; see whether the bracket that opens in line 1 is "
        "closed, with commas between its values",
        "schedule: {timezone: UTC\nsensor: x\n",
        "open bracket",
    ),
    example(
        "2: does not parse as YAML: found unexpected end of stream; close the quote that opens in line 1",
        'description: "of users\nclient: x',
        "open quote",
    ),
    example(
        "1: does not parse as YAML: did not find expected alphabetic or numeric character; put the text in quotes",
        "schedule: {cron: * * * * *}\n",
        "cron without quotes",
    ),
    example(
        "3: does not parse as YAML: could not find expected ':'; write a colon behind the key in line 2",
        "description: x\nclient\nresources: []\n",
        "key without a colon",
    ),
    example(
        "3: client.base_url: this key comes twice; leave one of the two",
        in_client("base_url: https://b.example"),
        "key twice",
    ),
    example(
        "5: description: a YAML tag has no place in an API file", at_top("description: !!python/name:os.x a"), "tag"
    ),
    example(
        "5: holds more than one YAML document; one file is one API", at_top("---\ndescription: x"), "two documents"
    ),
    example(
        "5: does not parse as YAML: an alias has no anchor before it", at_top("description: *nothing"), "unknown alias"
    ),
    *(
        example(f"{line}: {place}: {NO_NUMBER}", text, f"number at {place}")
        for line, place, text in (
            (5, "resources.users.endpoint.params.store", in_resource("endpoint: {params: {store: 0042}}")),
            (5, "resources.users.endpoint.json.phone", in_resource("endpoint: {json: {phone: +4930}}")),
            (5, "resources.users.endpoint.headers.version", in_resource("endpoint: {headers: {version: 1.10}}")),
            (5, "resources.users.endpoint.params.v[0]", in_resource("endpoint: {params: {v: [2e3]}}")),
        )
    ),
    example("5: a key must be a plain word", at_top("{a: b}: c"), "mapping as key"),
    example(
        "5: sensor.<<: a merge key takes a mapping or a list of mappings",
        at_top("sensor: {<<: x}"),
        "merge key",
    ),
    example("1: is nested more than 50 levels deep", "[" * 300_000, "deep nesting"),
    example(
        "3: holds more than 100,000 values",
        f"a: &a [{'x, ' * 400}]\nb: &b [{'*a, ' * 200}]\nc: [{'*b, ' * 100}]\n",
        "aliases of aliases",
    ),
]


@pytest.fixture
def folder(clean_room: Path) -> Path:
    """A folder of API files in the working directory."""
    folder = clean_room / "apis"
    folder.mkdir()
    return folder


def problems_in(path: Path) -> list[str]:
    with pytest.raises(InvalidDescription) as caught:
        read_file(path)
    return [str(problem) for problem in caught.value.problems]


def test_a_zero_behind_a_number_counts_only_where_it_is_sent() -> None:
    of_accounts = ("accounts: {emea: {version: 1.10}}", "accounts: [{version: 1.10}]")
    for sent in (
        *of_accounts,
        "settings: {version: 1.10}",
        "resources: [{for_each: {v: [1.10]}}]",
        "client: {headers: {v: 1.10}}",
    ):
        assert [one.message for one in read_yaml(sent).mistakes] == [NO_NUMBER]
    for name in ("data", "params", "settings", "for_each"):
        share = "maximum_set_aside_share: 0.50, steps: [{set: {data: 1.50}}]"
        assert read_yaml(f"resources:\n  {name}: {{{share}}}").mistakes == []


@pytest.mark.parametrize(("expected", "text"), BAD)
def test_a_mistake_is_told_once_with_its_line(expected, text, folder):
    path = folder / "team_chat.yaml"
    path.write_text(text)

    told = problems_in(path)

    assert told == [f"apis/team_chat.yaml:{expected}"]
    assert CANARY not in "".join(told)


GOOD = {
    "merge without a key but with scd2": in_resource("write_disposition: {disposition: merge, strategy: scd2}"),
    "merge by a merge_key": in_resource("write_disposition: merge", "merge_key: day"),
    "merge by a key of the columns": in_resource("write_disposition: merge", "columns: {id: {primary_key: true}}"),
    "a key that is not declared": in_resource("primary_key: id", "columns: {name: {}}"),
    "a key that is declared": in_resource("primary_key: id", "columns: {id: {data_type: text}}"),
    "a nullable column": in_resource("primary_key: id", "columns: {name: {nullable: true}}"),
    "incremental": in_resource("endpoint: {incremental: {cursor_path: at}}"),
    "an incremental parameter": in_resource("endpoint: {params: {since: {type: incremental, cursor_path: at}}}"),
    "the cursor in a parameter": in_resource(
        "endpoint: {incremental: {cursor_path: at}, params: {q: '{incremental.start_value}'}}"
    ),
    "a parameter in the path": in_resource("endpoint: {path: '/{team}/users', params: {team: x}}"),
    "parameters in the path's query": in_resource("endpoint: '/users?kind=open&token_type=all'"),
    "a parent's token in the query": resources("a", "{name: b, endpoint: '/b?token={resources.a.id}'}"),
    "a parameter in an address for tokens": in_client(
        "auth: {type: oauth2, token_url: 'https://api.example.com/token?tenant=x'}"
    ),
    "literal braces": in_resource("endpoint: {params: {q: '{{id}}'}}"),
    "a mapping as parameter": in_resource("endpoint: {params: {filter: {kind: open}}}"),
    "a parent in the body": resources("a", "{name: b, endpoint: {json: {id: '{resources.a.id}'}}}"),
    "a parent in a header": resources("a", "{name: b, endpoint: {headers: {X-Api-Key: '{resources.a.id}'}}}"),
    "two fields of a parent": resources("a", "{name: b, endpoint: '/{resources.a.id}/{resources.a.x}'}"),
    "two parents": resources(
        "a", "b", "{name: c, endpoint: '/{resources.a.id}/{resources.b.id}', include_from_parent: [a.id, b.x.y]}"
    ),
    "a parent and its parent": resources(
        "a", "{name: b, endpoint: '/{resources.a.id}'}", "{name: c, endpoint: '/{resources.a.id}/{resources.b.id}'}"
    ),
    "values and a parent": resources(
        "a",
        "{name: b, endpoint: '/{resources.a.id}/{for_each.r}', for_each: {r: [1, x]}, include_from_parent: [id], "
        "only_changed_parents: true}",
    ),
    "a resolved parameter": resources(
        "a", "{name: b, endpoint: {path: '/{a}', params: {a: {type: resolve, resource: a, field: id}}}}"
    ),
    "a merge of what has no table": CLIENT
    + "resource_defaults: {write_disposition: merge}\nresources:\n  - {name: token, selected: false}\n"
    + "  - {name: users, primary_key: id, endpoint: {params: {at: '{resources.token.at}'}}}\n",
    "names that stay apart": resources("userEvents", "user_event", "users"),
    "off, no and dates as text": in_resource("checks: {unique: off}", "description: no", "tags: {since: 2024-01-01}"),
    "anchors and merge keys": CLIENT
    + "resources:\n  - &base {name: users, columns: {id: &key {data_type: text}}}\n"
    + "  - {<<: *base, name: channels}\n  - {name: teams, columns: {id: *key}}\n",
    "nothing behind a key": at_top("schedule:\nsensor:\ndescription:"),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=[name.replace(" ", "-") for name in GOOD])
def test_what_is_right_is_accepted(text, folder):
    path = folder / "team_chat.yaml"
    path.write_text(text)

    assert read_file(path).name == "team_chat"


def test_parents_that_run_in_a_circle_are_told_for_each_of_them(folder):
    path = folder / "team_chat.yaml"
    path.write_text(resources("{name: a, endpoint: '/{resources.b.id}'}", "{name: b, endpoint: '/{resources.a.id}'}"))

    assert problems_in(path) == [
        "apis/team_chat.yaml:4: resources.a.endpoint: parents run in a circle: a -> b -> a",
        "apis/team_chat.yaml:5: resources.b.endpoint: parents run in a circle: b -> a -> b",
    ]


def test_all_mistakes_of_a_file_come_at_once_in_the_files_order(folder):
    path = folder / "team_chat.yaml"
    path.write_text(
        "client:\n  base_url: 5\n  base_url: 6\nresources:\n  - name: a\n    endpont: x\n  - name: a\nscedule: {}\n"
    )

    assert [line.partition(": ")[0] for line in problems_in(path)] == [
        f"apis/team_chat.yaml:{line}" for line in (2, 3, 6, 7, 8)
    ]


def test_the_text_of_the_error_has_one_line_for_each_mistake(folder):
    path = folder / "team_chat.yaml"
    path.write_text("colour: red\n")

    with pytest.raises(InvalidDescription) as caught:
        read_file(path)

    assert isinstance(caught.value, MendDescription)
    assert str(caught.value).splitlines() == problems_in(path)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_description_from_python_is_named_where_a_file_would_be():
    with pytest.raises(InvalidDescription) as caught:
        describe({"client": {"base_url": "https://api.example.com"}, "resources": ["a", "a"]}, "team_chat")

    message = "a resource named 'a' is there already; each needs a name of its own"
    assert caught.value.problems == [Problem("team_chat", None, "resources[1].name", message)]


@pytest.mark.parametrize(
    "name", ["", "Team_chat", "team-chat", "team__chat", "_team", "team_", "1st", "a" * 51, "tèam"]
)
def test_an_api_cannot_be_called_so(name):
    with pytest.raises(InvalidDescription, match=r"the API's name, .*, must be up to 50 small letters"):
        describe({"client": {"base_url": "https://api.example.com"}, "resources": ["users"]}, name)


@pytest.mark.parametrize("name", sorted(RESERVED_STEMS))
def test_a_name_that_dlt_or_the_database_would_take_for_its_own_is_refused(name):
    with pytest.raises(InvalidDescription) as caught:
        describe({"client": {"base_url": "https://api.example.com"}, "resources": ["users"]}, name)

    assert str(caught.value) == f"{name}: the API's name, '{name}', {RESERVED}"


def test_the_database_files_own_stem_is_reserved():
    assert DATABASE_STEM in RESERVED_STEMS


def test_a_file_that_is_no_text_is_told_with_the_line(folder):
    path = folder / "team_chat.yaml"
    path.write_bytes(b"client:\n  base_url: \xff\n")

    assert problems_in(path) == ["apis/team_chat.yaml:2: is not UTF-8 text; save it as UTF-8"]


def test_a_hard_space_beside_a_key_is_told_where_the_text_is_yaml_all_the_same(folder):
    path = folder / "team_chat.yaml"
    path.write_text(at_top("\u00a0schedule: {cron: '0 * * * *'}"), encoding="utf-8")

    assert any("has a character beside it that only looks like a space; use spaces" in one for one in problems_in(path))


def test_keys_for_aliases_may_stand_at_the_top_of_a_file(folder):
    path = folder / "team_chat.yaml"
    path.write_text(f"x-page: &page {{paginator: single_page}}\n{at_top('')}\nx-more: [*page]\n")

    assert read_file(path).client.base_url
    assert file_schema()["patternProperties"].keys() == {"^x-"}


def test_a_byte_order_mark_is_no_mistake(folder):
    path = folder / "team_chat.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + at_top("").encode())

    assert read_file(path).name == "team_chat"


def test_a_file_that_cannot_be_read_is_told(folder):
    (folder / "team_chat.yaml").symlink_to(folder / "nowhere")

    assert problems_in(folder / "team_chat.yaml") == ["apis/team_chat.yaml: cannot be read: No such file or directory"]


def test_a_broken_file_takes_no_other_down(folder):
    (folder / "good.yaml").write_text(at_top(""))
    (folder / "also_good.yml").write_text(at_top(""))
    (folder / "bad.yaml").write_text("- x")
    (folder / "Worse-one.yaml").write_text(at_top(""))

    files = read_folders([folder])

    assert [description.name for description in files.descriptions] == ["also_good", "good"]
    assert sorted(files.broken) == ["Worse_one", "bad"]


def test_files_that_are_no_apis_are_left_out(folder):
    for name in ("_template.yaml", ".hidden.yaml", "notes.txt", "users.yaml~"):
        (folder / name).write_text("- x")

    files = read_folders([folder])

    assert (files.descriptions, files.broken) == ([], {})


@pytest.mark.parametrize(("windows", "used"), [("daily", ["chat", "mail"]), ("hourly", ["chat", "chat_daily", "mail"])])
def test_a_file_whose_job_is_anothers_job_of_windows_is_set_aside(folder, windows, used):
    partitions = f"{{type: {windows}, start: '2025-01-01', start_param: since, end_param: until, column: at}}"
    windowed = in_resource("write_disposition: merge", "primary_key: id", "columns: {at: {data_type: timestamp}}")
    (folder / "chat.yaml").write_text(windowed + f"    partitions: {partitions}\n")
    for name in ("chat_daily", "mail"):
        (folder / f"{name}.yaml").write_text(at_top(""))

    files = read_folders([folder])

    assert [description.name for description in files.descriptions] == used
    sentence = "apis/chat_daily.yaml:1: its job chat_daily_sync is that of chat's daily windows; rename the file"
    assert [str(error) for error in files.broken.values()] == ([sentence] if windows == "daily" else [])


def test_of_two_files_with_one_stem_neither_is_used(folder, clean_room):
    other = clean_room / "more"
    other.mkdir()
    paths = [folder / "chat.yaml", folder / "chat.yml", other / "chat.yaml"]
    for path in paths:
        path.write_text(at_top(""))
    (folder / "mail.yaml").write_text(at_top(""))

    files = read_folders([folder, other, folder])

    assert [description.name for description in files.descriptions] == ["mail"]
    assert str(files.broken["chat"]).splitlines()[0] == (
        "apis/chat.yaml:1: its API's name is 'chat', and so is that of apis/chat.yml, more/chat.yaml; "
        "rename one of them"
    )
    assert len(files.broken["chat"].problems) == 3


def test_a_folder_that_is_not_there_is_told_and_the_others_are_read(folder, clean_room):
    (folder / "mail.yaml").write_text(at_top(""))

    files = read_folders([clean_room / "no where", folder])

    assert [description.name for description in files.descriptions] == ["mail"]
    assert str(files.broken["no_where"]) == (
        "no where: this folder of API files cannot be read: No such file or directory; see MESSAGING_ASSETS_APIS"
    )


def test_the_variable_names_other_folders_than_the_packages_own(monkeypatch, clean_room):
    assert [folder.name for folder in api_folders()] == ["apis"]

    monkeypatch.setenv("MESSAGING_ASSETS_APIS", os.pathsep.join([str(clean_room / "a"), "", str(clean_room / "b")]))

    assert api_folders() == [clean_room / "a", clean_room / "b"]


def test_a_project_with_api_files_of_its_own_needs_no_variable(monkeypatch, clean_room):
    monkeypatch.setenv("MESSAGING_ASSETS_HOME", str(clean_room))
    (clean_room / "apis").mkdir()
    assert api_folders() != [clean_room / "apis"]

    (clean_room / "apis" / "chat.yaml").touch()

    assert api_folders() == [clean_room / "apis"]


def test_a_file_knows_where_it_is(folder):
    path = folder / "team_chat.yaml"
    path.write_text(at_top(""))

    assert read_file(path).file == str(path)


def test_reading_files_imports_neither_dagster_nor_dlt(folder):
    (folder / "mail.yaml").write_text(in_resource("endpoint: {data_selector: result.items}"))
    program = (
        "import sys; from messaging_assets.files.api_files import read_folders\n"
        "assert [one.name for one in read_folders(['apis']).descriptions] == ['mail']\n"
        "assert not {'dagster', 'dlt'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    subprocess.run([sys.executable, "-c", program], check=True, cwd=folder.parent, env=environment)


# Everything that a description can hold, at places where it may be a secret.
FULL: dict[str, Any] = {
    "client": {
        "base_url": "https://api.example.com",
        "auth": {"type": "oauth2", "token_url": "https://api.example.com/token", "scopes": ["a"]},
        "headers": {"X-Version": "1"},
        "paginator": {"type": "offset", "limit": 10},
    },
    "resource_defaults": {"primary_key": "id", "write_disposition": {"disposition": "merge", "strategy": "upsert"}},
    "resources": [
        {"name": "users", "columns": [{"name": "id", "data_type": "text"}], "schema_contract": {"tables": "evolve"}},
        {
            "name": "messages",
            "endpoint": {
                "path": "/{resources.users.id}",
                "params": {"a": {"type": "incremental", "cursor_path": "at"}},
                "headers": {"X-Version": "1"},
                "json": {"a": [1]},
                "auth": {"type": "api_key", "name": "key", "location": "query"},
                "response_actions": [{"status_code": 404, "action": "ignore"}],
                "error_handler": {"retry_on_status_codes": [429]},
            },
            "include_from_parent": ["id"],
        },
    ],
    "schedule": {"cron": "0 * * * *"},
}


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(inner for key, one in items for inner in places(one, (*place, key)))]


def with_value(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    changed = value.copy()
    changed[place[0]] = with_value(value[place[0]], place[1:], new)
    return changed


def told_about(raw: dict[str, Any]) -> list[str]:
    """The mistakes of a description; none where it is right."""
    try:
        describe(raw, "team_chat", "team_chat.yaml")
    except InvalidDescription as invalid:
        return [str(problem) for problem in invalid.problems]
    return []


def test_the_full_description_is_right():
    assert list(describe(FULL, "team_chat").resources_in_full) == ["users", "messages"]


# From Python, a key can be anything.
KEYS = st.text(max_size=5) | st.integers() | st.none() | st.sampled_from(["name", "type", "path"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["{", "{a}", "offset", "$["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(place=st.sampled_from([place for place in places(FULL) if place]), value=VALUES)
def test_whatever_stands_anywhere_is_right_or_told(place, value):
    assert all(told_about(with_value(FULL, place, value)))


PRIVATE = [
    place
    for place in places(FULL)
    if {"auth", "headers", "params", "json"} & set(place) and place[-1] not in ("type", "location")
]


@pytest.mark.parametrize("place", PRIVATE, ids=lambda place: ".".join(map(str, place)))
@pytest.mark.parametrize(
    "value",
    [CANARY, f"{{{CANARY}}}", [CANARY], {CANARY: CANARY}, {"type": CANARY}, {f"api_key {CANARY}": None}],
    ids=["text", "braces", "list", "key", "type", "key-with-a-space"],
)
def test_what_may_be_a_secret_is_never_repeated(place, value):
    is_type_of_auth = place[-1] == "auth" and isinstance(value, dict) and "type" in value
    told = "".join(told_about(with_value(FULL, place, value)))

    # The type of authentication is no secret, and its wrong word is worth repeating.
    assert (CANARY in told) == is_type_of_auth


@pytest.fixture(scope="module")
def one_folder(tmp_path_factory) -> Any:
    return tmp_path_factory.mktemp("apis")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.binary() | st.text().map(lambda text: text.encode(errors="replace")))
def test_whatever_a_file_holds_it_is_right_or_told(text, one_folder):
    path = one_folder / "team_chat.yaml"
    path.write_bytes(text)

    with pytest.raises(InvalidDescription):
        read_file(path)


FRAGMENTS = [
    "a: ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "<<: ",
    "!!int ",
    '"',
    "|\n",
    "? ",
    "\n",
    "  ",
    "x",
    "---\n",
    ",",
]


@given(text=st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join))
def test_whatever_yaml_says_it_is_read_or_told_with_lines_that_exist(text):
    document = read_yaml(text)

    told = [mistake.line for mistake in document.mistakes if mistake.line is not None]
    assert all(1 <= line <= text.count("\n") + 1 for line in (*document.lines.values(), *told))


# What JSON writes without an escape and YAML reads without one: no control characters, no other line breaks.
PLAIN_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=20)


@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**20), 10**20)
        | st.floats(allow_nan=False, allow_infinity=False)
        | PLAIN_TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN_TEXT, inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_is_read_as_json_reads_it(value):
    document = read_yaml(json.dumps(value, ensure_ascii=False))

    assert (document.value, document.mistakes) == (value, [])


@given(name=st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,40}", fullmatch=True))
def test_tables_are_named_as_dlt_names_them(name):
    from dlt.common.normalizers.naming.snake_case import NamingConvention

    assert identifier(name) == NamingConvention().normalize_identifier(name)
