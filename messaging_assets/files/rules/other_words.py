"""Words that no API file takes, of dlt and of other tools, and what to write in their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_OPENAPI = "is a word of OpenAPI; messaging-assets discover --openapi makes an API file of such a document"
_AIRBYTE = "no API file has it; messaging-assets convert makes one of a manifest of Airbyte"
_GRANT = "its type says how tokens are asked for: oauth2, oauth2_password, oauth2_refresh_token or oauth2_jwt_bearer"
_PARENTS = (
    "write the parent's field into the path: {resources.<parent>.<field>}; values of the file's own are for_each, and "
    "several lists as one parent a union"
)
_STEP = "write it under steps, such as steps: [{drop: [a]}, {rename: {a: b}}]"
_FLAG = "write columns: {<name>: {hard_delete: true}} for a flag of the API's, deletes for rows that it has no more"
_OF_LOGIN = "write headers, params or body beside login: {X-Token: data.token}, a path in the login's answer"
_BY_NAME = "write secret: <name>, set as <API>__<NAME> in the environment, and prefix: what stands before it"
_UNREAD = "answers are read in json, ndjson, csv, tsv and xml; ask the API for one of these"
_EDGES = (
    "write cursor, with cursor_path: data.<list>.pageInfo.endCursor, cursor_body_path: variables.after and "
    "has_more_path: data.<list>.pageInfo.hasNextPage"
)


def _each(said: Mapping[str, str]) -> dict[str, str]:
    """The sentence of each word, of several that share one."""
    return {word: sentence for words, sentence in said.items() for word in words.split()}


# Keys that are refused with a sentence of their own, by the model that does not have them.
_REFUSED: Mapping[str, Mapping[str, str]] = {
    "ApiDescription": {
        "name": "the API's name is the file's stem; leave it out",
        "file": "where the file is, is known; leave it out",
        "base_url auth headers paginator": "write it under client",
        "servers": "write the address as client.base_url",
        "openapi swagger paths components info": _OPENAPI,
        "version type check spec definitions": _AIRBYTE,
    },
    "Endpoint": {
        "url": "write path: what follows client.base_url",
        "limit page_size per_page": "write it as limit under paginator, or into params",
        "total_path count_path": "write it under paginator, as total_path or rows_total_path",
        "columns_path header_path": "write it under format: {columns_path: ...}",
        "records_are key_column key_field": "write data_selector: users.*; each record has its key as _key",
        "scalar_column value_column": "a list of texts has a column value; write primary_key: value",
        "graphql variables": "write method: POST and json: {query: ..., variables: ...}",
        "ack acknowledge": "asking must change nothing, and a queue that forgets what it answers is not for this",
        "success success_path error_path errors_path": "write error_in_body: {path: error} or {path: ok, unless: true}",
    },
    "Client": {
        "session": "the session is made here, with retries, pace and secrets; leave it out",
        "params": "write it under resource_defaults.endpoint",
        "user_agent": "write headers: {User-Agent: ...}",
        "requests_per_minute": "write requests_per_second, a sixtieth of it",
        "cert client_cert": "there is no way to show an API a client's certificate",
        "proxy proxies": "set HTTPS_PROXY (or HTTP_PROXY) in the environment",
    },
    "TokenServerAuth": {
        "session": "tokens are asked for by the API's own session; leave it out",
        "grant_type grant": _GRANT,
        "flows": "write token_url and scopes of the flow that is meant",
        "rotate rotating refresh_token_updater": "a new refresh token is kept by itself; leave it out",
    },
    "ApiKeyAuth": {"env env_var value": _BY_NAME},
    "SessionAuth": {"token_path session_token_path token header cookie request_authentication": _OF_LOGIN},
    "Login": {
        "body json data form payload": "write fields, such as {user: '{secret.username}'}",
        "token_path header cookie": _OF_LOGIN,
    },
    "ResourceDefaults": {"table_name": "each resource has a table of its own; write table_name there"},
    "ResourceBase": {
        "parent_table_name": "nested values become tables by themselves with nested: tables; leave it out",
        "nested_hints": "nested tables are typed by dlt; write nested: tables and leave it out",
        "table_format file_format": "the destination decides it; set it in .dlt/config.toml",
        "references": "references are not loaded; say it in description",
        "enabled": "write selected: false where it is not to be loaded",
        "parent parents partition_router data_from depends_on parent_stream parent_stream_configs": _PARENTS,
        "drop keep rename filter cast hash flatten explode copy exclude_columns include_columns fields": _STEP,
        "hard_delete soft_delete deleted_flag deletion_flag is_deleted": _FLAG,
        "dedup dedupe deduplicate": "a merge keeps one row of a key; dedup_sort of a column says which",
    },
    "ErrorHandler": {
        "type": "there is one kind of it; leave it out",
        "response_filters": "write response_actions under endpoint",
        "backoff_strategies": "Retry-After is heeded by itself, else backoff_factor counts; leave it out",
    },
    "Incremental": {
        "cursor_granularity": "windows overlap by themselves; leave it out",
        "delta_link": "write cursor_path: where the link is, and cursor_in: link",
        "start_body_path": "write {incremental.start_value} where it belongs in json",
        "end_body_path": "write {incremental.end_value} where it belongs in json",
    },
    "CursorPaginator": {
        "header cursor_key": "write type: header_cursor, with cursor_key: the header's name",
        "cursor_in in inject_into": "write cursor_param, or cursor_body_path for a token in the body",
        "variable form_field cursor_form_field": "write cursor_body_path: its place in the body",
    },
    "Job": {"create": "path, method and body of the endpoint begin the job; leave it out"},
    "Schedule": {"interval": "write cron, such as */15 * * * * for each 15 minutes"},
    "Format": {
        "compression": "a gzip file or a zip archive is opened whatever it says; leave it out",
        "header": "write columns where no header names them, else leave it out",
    },
    "Partitions": {"cursor_path": "write column: the time that places a row in its window"},
    "Sensor": {"cron": "a clock is a schedule; write schedule: {cron: ...} at the top of the file"},
    "Column": {
        "variant row_key parent_key root_key x-normalizer": "dlt sets it by itself; leave it out",
        "incremental": "name the column in endpoint.incremental.cursor_path instead",
        "required": "write nullable: false where a value is required",
        "format unit": "a step says how moments are written: steps: [{cast: {a: epoch_ms}}]",
    },
    "Step": {
        "type fields field_pointers": "write a step by its word, such as drop: [a] or copy: {a: b.c}",
        "lowercase lower uppercase upper trim replace": "values stay as the API writes them; do this in the warehouse",
    },
}
REFUSED = {model: _each(said) for model, said in _REFUSED.items()}
_STRATEGIES = ("scd2", "upsert", "delete-insert", "insert-only")
# What a text at a key means, where no word of the file says it alone.
_TEXTS: Mapping[str, Mapping[str, str]] = {
    "write_disposition": {
        **{one: f"write {{disposition: merge, strategy: {one}}}" for one in _STRATEGIES},
        "incremental": "write merge or append, and incremental under endpoint",
    },
    "action": {
        "raise fail error": "such an answer is red by itself; leave the entry out",
        "skip": "write empty where it means that there are no rows, else ignore",
    },
    "format": {
        "gzip gz zip": "a gzip file or a zip archive is opened by itself; write what is in it, such as csv",
        "xlsx xls excel parquet avro orc text txt html yaml protobuf msgpack": _UNREAD,
    },
    "data_type": {"epoch epoch_s epoch_seconds epoch_ms unix": "write timestamp, and steps: [{cast: {a: epoch_ms}}]"},
    "auth": {
        "none noauth": "leave auth out where an API asks for none",
        "http": "write bearer or http_basic, by its scheme",
        "oauthauthenticator": "write oauth2, or oauth2_refresh_token where tokens come from a refresh token",
    },
    "paginator": {
        "defaultpaginator": "write offset, page_number or cursor, as its pagination_strategy says",
        "graphql relay": _EDGES,
        "scroll": "write cursor, with cursor_body_path: scroll_id, and next_request: {path: where it scrolls on}",
        "last_record last_id seek": "write cursor, with cursor_path: data[-1].id",
    },
}
_REFUSED_TEXTS = {key: _each(said) for key, said in _TEXTS.items()}
# Words of other tools -> those of a file; the first that the place takes is meant.
_MEANT: Mapping[str, str] = {
    # ways of authentication
    "basic basichttpauthenticator basic_auth": "http_basic",
    "bearerauthenticator access_token personal_access_token": "bearer",
    "apikey apikeyauthenticator": "api_key",
    "digest digest_auth": "http_digest",
    "login cookie form_login session_token": "session",
    "oauth2_jwt jwt_bearer jwt_assertion service_account": "oauth2_jwt_bearer",
    "aws aws_v4 awsv4 aws_iam": "aws_sigv4",
    "scheme token_prefix": "prefix",
    "message string_to_sign signature_base": "text",
    "token_field token_key token_name access_token_field access_token_path": "access_token_name",
    "expires_field expires_in_field expires_path expires_in_path": "expires_in_name",
    "password": "oauth2_password",
    "refresh_token": "oauth2_refresh_token",
    "client_credentials": "oauth2",
    "jwtauthenticator": "jwt",
    "sessiontokenauthenticator": "session",
    "sigv4": "aws_sigv4",
    "token": "bearer cursor",
    "in": "location",
    "param parameter": "name start_param cursor_param page_param offset_param",
    "header header_name key_name": "name header cursor_key",
    # ways of paging, and what they take
    "offsetincrement limit_offset skip": "offset",
    "pageincrement page pages": "page_number",
    "cursorpagination next_token page_token keyset": "cursor",
    "link next_link next_url next url": "json_link link",
    "link_header": "header_link",
    "none nopagination no_pagination single": "single_page",
    "page_size per_page size": "limit",
    "page_size_param per_page_param size_param page_size_option": "limit_param",
    "start_page initial_page first_page start_from_page": "base_page",
    "start": "initial_value base_page offset",
    "maximum_value max_value": "maximum_offset maximum_page",
    "cursor_value token_path next_token_path next_cursor_path": "cursor_path access_token_name",
    "token_param": "cursor_param start_param",
    "stop_condition": "has_more_path",
    "stop_when stop_on end_when done_path is_last last_page": "end_path",
    "missing_is_empty allow_missing": "empty_when_missing",
    "next_link_path next_path": "next_url_path",
    # requests and answers
    "query query_params request_parameters parameters": "params",
    "body payload request_body request_body_json": "json answer",
    "response": "answer",
    "form form_data request_body_data": "data",
    "etag if_none_match if_modified_since cache caching": "conditional",
    "async export async_job": "job",
    "decoder response_format": "format",
    "records_path record_path record_selector items_path results_path response_path root": "data_selector",
    "retry retries": "error_handler max_retries",
    "attempts tries": "max_retries",
    "retry_on retry_statuses statuses status_codes http_codes": "retry_on_status_codes",
    "not ok_values success_value": "unless",
    "response_filters": "response_actions",
    "pagination": "paginator",
    # what is new
    "cursor cursor_field replication_key": "cursor_path column",
    "end until": "end_value",
    "window chunk slice window_size": "step",
    "sort sort_order order": "row_order",
    "reset full_refresh": "restart replace",
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
    "overwrite truncate full": "replace",
    "sync_mode destination_sync_mode load_mode mode": "write_disposition disposition",
    "include_parent parent_fields include_parent_fields extra_fields": "include_from_parent",
    "only_changed changed_only incremental_dependency": "only_changed_parents",
    "values": "for_each",
    "max_lag max_age": "fail_after",
    "pii mask masked confidential": "sensitive hash",
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
    "add set add_field add_fields": "constant",
    "where": "filter",
    "unnest expand": "explode",
    "concat concatenate": "template",
    "coalesce": "copy",
    "json": "parse_json",
    "remove exclude omit": "drop",
    "select include only": "keep include_from_answer",
    # formats and jobs
    "jsonl json_lines jsonlines": "ndjson",
    "sep separator": "delimiter",
    "charset": "encoding",
    "skip_rows skiprows": "skip_rows_before_header",
    "files file_pattern glob": "members",
    "header_path": "columns_path",
    "max_wait": "timeout",
    "cleanup": "delete",
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
    "config variables vars environment": "settings",
    "tenants": "accounts",
    "rate_limit ratelimit rate_limiting api_budget": "requests_per_second",
    "concurrency max_workers max_concurrency": "max_in_flight",
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
