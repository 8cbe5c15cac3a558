"""Words that no API file takes, of dlt and of other tools, and what to write in their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_DLT_SETS = "dlt sets it by itself; leave it out"
_OPENAPI = "is a word of OpenAPI; messaging-assets discover --openapi makes an API file of such a document"
_AIRBYTE = "no API file has it; messaging-assets convert makes one of a manifest of Airbyte"
_GRANT = "its type says how tokens are asked for: oauth2, oauth2_password, oauth2_refresh_token or oauth2_jwt_bearer"
_WINDOW_PARENT = "write the parent's field into the path: {resources.<parent>.<field>}"
# Keys that are refused with a sentence of their own, by the model that does not have them.
REFUSED: Mapping[str, Mapping[str, str]] = {
    "ApiDescription": {
        "name": "the API's name is the file's stem; leave it out",
        "file": "where the file is, is known; leave it out",
        **dict.fromkeys(("base_url", "auth", "headers", "paginator"), "write it under client"),
        "servers": "write the address as client.base_url",
        **dict.fromkeys(("openapi", "swagger", "paths", "components", "info"), _OPENAPI),
        **dict.fromkeys(("version", "type", "check", "spec", "definitions"), _AIRBYTE),
    },
    "Endpoint": {
        "url": "write path: what follows client.base_url",
        **dict.fromkeys(("limit", "page_size", "per_page"), "write it as limit under paginator, or into params"),
    },
    "Client": {
        "session": "the session is made here, with retries, pace and secrets; leave it out",
        "params": "write it under resource_defaults.endpoint",
        **dict.fromkeys(("proxy", "proxies"), "set HTTPS_PROXY (or HTTP_PROXY) in the environment"),
    },
    "TokenServerAuth": {
        "session": "tokens are asked for by the API's own session; leave it out",
        "grant_type": _GRANT,
        "flows": "write token_url and scopes of the flow that is meant",
    },
    "ResourceDefaults": {"table_name": "each resource has a table of its own; write table_name there"},
    "ResourceBase": {
        "parent_table_name": "nested values become tables by themselves with nested: tables; leave it out",
        "nested_hints": "nested tables are typed by dlt; write nested: tables and leave it out",
        "table_format": "the destination decides it; set it in .dlt/config.toml",
        "file_format": "the destination decides it; set it in .dlt/config.toml",
        "references": "references are not loaded; say it in description",
        "enabled": "write selected: false where it is not to be loaded",
        **dict.fromkeys(("parent", "partition_router", "parents", "data_from"), _WINDOW_PARENT),
    },
    "ErrorHandler": {"type": "there is one kind of it; leave it out"},
    "Incremental": {
        "cursor_granularity": "windows overlap by themselves; leave it out",
    },
    "Format": {
        "compression": "a gzip file or a zip archive is opened whatever it says; leave it out",
        "header": "write columns where no header names them, else leave it out",
    },
    "Partitions": {"cursor_path": "write column: the time that places a row in its window"},
    "Sensor": {"cron": "a clock is a schedule; write schedule: {cron: ...} at the top of the file"},
    "Column": {
        "variant": _DLT_SETS,
        "row_key": _DLT_SETS,
        "parent_key": _DLT_SETS,
        "root_key": _DLT_SETS,
        "x-normalizer": _DLT_SETS,
        "incremental": "name the column in endpoint.incremental.cursor_path instead",
        "required": "write nullable: false where a value is required",
    },
    "Step": dict.fromkeys(
        ("type", "fields", "field_pointers"), "write a step by its word, such as drop: [a] or copy: {a: b.c}"
    ),
}
# What a text at a key means, where no word of the file says it alone.
_REFUSED_TEXTS: Mapping[str, Mapping[str, str]] = {
    "write_disposition": {
        one: f"write {{disposition: merge, strategy: {one}}}"
        for one in ("scd2", "upsert", "delete-insert", "insert-only")
    },
    "action": {
        **dict.fromkeys(("raise", "fail", "error"), "such an answer is red by itself; leave the entry out"),
    },
    "auth": {
        **dict.fromkeys(("none", "noauth"), "leave auth out where an API asks for none"),
        "http": "write bearer or http_basic, by its scheme",
        "oauthauthenticator": "write oauth2, or oauth2_refresh_token where tokens come from a refresh token",
    },
    "paginator": {
        "defaultpaginator": "write offset, page_number or cursor, as its pagination_strategy says",
    },
}
# Words of other tools -> those of a file; the first that the place takes is meant.
_MEANT: Mapping[str, str] = {
    # ways of authentication
    "basic basichttpauthenticator basic_auth": "http_basic",
    "bearerauthenticator access_token personal_access_token": "bearer",
    "apikey apikeyauthenticator": "api_key",
    "digest": "http_digest",
    "password": "oauth2_password",
    "refresh_token": "oauth2_refresh_token",
    "client_credentials": "oauth2",
    "jwtauthenticator": "jwt",
    "sessiontokenauthenticator": "session",
    "sigv4": "aws_sigv4",
    "token": "bearer cursor",
    "in": "location",
    "param header header_name parameter key_name": "name",
    # ways of paging, and what they take
    "offsetincrement limit_offset skip": "offset",
    "pageincrement page pages": "page_number",
    "cursorpagination next_token page_token keyset": "cursor",
    "link next_link next_url next": "json_link",
    "link_header": "header_link",
    "none nopagination no_pagination single": "single_page",
    "page_size per_page size": "limit",
    "page_size_param per_page_param size_param page_size_option": "limit_param",
    "start_page initial_page first_page start_from_page": "base_page",
    "maximum_value max_value": "maximum_offset maximum_page",
    "cursor_value token_path next_token_path next_cursor_path": "cursor_path",
    "token_param": "cursor_param",
    "stop_condition": "has_more_path",
    "next_link_path next_path": "next_url_path",
    # requests and answers
    "query query_params request_parameters parameters": "params",
    "body payload request_body request_body_json": "json",
    "records_path record_path record_selector items_path results_path response_path root": "data_selector",
    "retry retries": "error_handler max_retries",
    "response_filters": "response_actions",
    "pagination": "paginator",
    # what is new
    "cursor_field replication_key": "cursor_path column",
    "start_date start_datetime initial_date": "initial_value start",
    "end_date end_datetime": "end_value",
    "lookback lookback_window": "lag",
    "datetime_format": "format",
    "cursor_datetime_formats": "cursor_format",
    "start_time_option": "start_param",
    "end_time_option": "end_param",
    "incremental_sync": "incremental",
    # tables, columns and records
    "key keys unique_key key_properties id": "primary_key",
    "overwrite": "replace",
    "append_dedup": "merge",
    "hard delete": "remove",
    "soft": "mark",
    "datetime date-time": "timestamp",
    "string str varchar char uuid enum": "text",
    "integer int long int64": "bigint",
    "number float": "double",
    "numeric": "decimal",
    "bytes blob bytea": "binary",
    "object array list dict map struct variant": "json",
    "transformations transform": "steps",
    "add": "constant",
    "remove exclude omit": "drop",
    "select include only": "keep",
    # formats and jobs
    "jsonl json_lines jsonlines": "ndjson",
    "sep separator": "delimiter",
    "charset": "encoding",
    "skip_rows skiprows": "skip_rows_before_header",
    "status_url polling_requester": "poll",
    "success completed finished": "done",
    "result_url download_url url_requester": "download",
    "equals": "values",
    # times
    "ascending": "asc",
    "descending": "desc",
    "tz time_zone": "timezone",
    "enabled active": "switched_on",
    # the file
    "streams endpoints tables": "resources",
    "rate_limit ratelimit rate_limiting": "requests_per_second",
    "verify verify_ssl ssl_verify ca_bundle ca_cert": "ca_file",
    "every crontab": "cron",
}
_BY_WORD = {word: meant.split() for words, meant in _MEANT.items() for word in words.split()}


def meant_elsewhere(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that says what another tool's word does; None where there is none.

    Args:
        word: as it was written.
        allowed: the words of its place, in small letters.
    """
    return next((one for one in meanings(word) if one in allowed), None)


def meanings(word: str) -> list[str]:
    """The words of a file that another tool's word may stand for, of a type such as `varchar(255)` its name."""
    return _BY_WORD.get(word.lower().partition("(")[0], [])


def refusal_of_text(key: str, text: str) -> str | None:
    """What to write in the place of a text at a key, where one word does not say it.

    Args:
        key: of the file, such as `write_disposition`; `auth` and `paginator` for their `type`, too.
        text: as it was written.
    """
    return _REFUSED_TEXTS.get(key, {}).get(text.lower())
