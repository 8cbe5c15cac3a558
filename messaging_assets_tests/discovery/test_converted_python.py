"""A config in a Python file of some size: names, functions, lists of several parts, and what is changed later."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.conversion.dlt_config import from_dlt
from messaging_assets.conversion.outcome import Converted
from messaging_assets.conversion.python.configs import config_in
from messaging_assets.conversion.texts import Settings

CONFIG = 'config = {"client": {"base_url": BASE}, "resources": RESOURCES}\n'
BASE = 'BASE = "https://api.example.com"\n'
RESOURCES = 'RESOURCES = [{"name": "users"}]\n'


def test_lists_of_several_parts_are_one() -> None:
    text = BASE + 'MORE = ["teams", "rooms"]\nRESOURCES = [{"name": "users"}, *MORE, *made_by(3)]\n' + CONFIG
    config, doubts = config_in(text, "chat.py")
    assert config["resources"][:3] == [{"name": "users"}, "teams", "rooms"]
    assert len(config["resources"]) == 4
    assert doubts == []


@pytest.mark.parametrize(
    ("later", "names"),
    [
        ('config["resources"].append({"name": "late"})\n', ["users", "late"]),
        ('RESOURCES += [{"name": "late"}]\n', ["users", "late"]),
        ('for one in ("a", "b"):\n    RESOURCES.append({"name": one})\n', ["users", "a", "b"]),
        ('config["resources"] = [{"name": one} for one, _ in {"a": 1}.items()]\n', ["a"]),
        ('def add(name, into):\n    into.append({"name": name})\nadd("late", RESOURCES)\n', ["users", "late"]),
        ('rest_api_source(config)\nconfig["resources"].append({"name": "late"})\n', ["users"]),
    ],
)
def test_what_fills_a_list_later_is_read_with_it(later: str, names: list[str]) -> None:
    config, doubts = config_in(BASE + RESOURCES + CONFIG + later, "chat.py")
    assert [one["name"] for one in config["resources"]] == names
    assert doubts == []


@pytest.mark.parametrize(
    "later",
    [
        'if TEST:\n    config["client"]["auth"] = {"type": "bearer"}\n',
        'for one in names():\n    RESOURCES.append({"name": one})\n',
        'while more():\n    RESOURCES += [{"name": "late"}]\n',
    ],
)
def test_what_only_a_run_may_change_is_told_with_its_line(later: str) -> None:
    config, [doubt] = config_in(BASE + RESOURCES + CONFIG + later, "chat.py")
    assert "see line 5," in doubt
    assert config["resources"] == [{"name": "users"}]
    assert "auth" not in config["client"]


@pytest.mark.parametrize("beside", ['other = {}\nother["a"] = 1\n', "rows = []\nrows.append(BASE)\n", ""])
def test_what_else_a_file_changes_is_no_doubt(beside: str) -> None:
    assert config_in(BASE + RESOURCES + CONFIG + beside, "chat.py")[1] == []


def test_a_name_that_is_set_twice_is_told() -> None:
    text = BASE + 'if TEST:\n    BASE = "https://test.example.com"\n' + RESOURCES + CONFIG
    config, doubts = config_in(text, "chat.py")
    assert config["client"]["base_url"] == "https://test.example.com"
    assert doubts == ["BASE is set more than once in the file, and the last was taken; is it right?"]
    assert config_in(BASE + BASE + RESOURCES + CONFIG, "chat.py")[1] == []


def test_a_page_whose_length_only_a_run_tells_stays_and_is_asked_about() -> None:
    paginator = "OffsetPaginator(limit=PAGE, total_path=None)"
    text = (
        f'{BASE}config = {{"client": {{"base_url": BASE, "paginator": {paginator}}}, "resources": ["users", made()]}}'
    )
    converted = Converted("chat", "a config", Settings())
    from_dlt(config_in(text, "chat.py")[0], converted)
    assert converted.client["paginator"] == {"type": "offset", "total_path": None, "limit": 100}
    assert "how long is a page? 100 rows are asked for" in [one.words for one in converted.losses]
    assert "made()" in converted.drafts[1].losses[0].words


def _resources(text: str, **given: str) -> Converted:
    found = Converted("chat", "a file", Settings(given))
    config, _ = config_in(text, "chat.py")
    from_dlt(config, found)
    return found


@pytest.mark.parametrize("opened", ["[{}]", "[*[{}]]", "[*({})]"])
def test_what_is_made_for_each_of_several_names_is_a_resource_each(opened: str) -> None:
    made = '{"name": one, "endpoint": {"path": f"v1/{one}"}} for one in NAMES'
    resources = f"RESOURCES = {opened.replace('{}', made)}\n"
    found = _resources(BASE + 'NAMES = ["users", "teams"]\n' + resources + CONFIG)
    assert [(one.name, one.endpoint["path"]) for one in found.drafts] == [("users", "v1/users"), ("teams", "v1/teams")]


@pytest.mark.parametrize("made", ["one for one in NAMES if more(one)", "one for one in names()", "a for a, b in NAMES"])
def test_what_only_a_run_makes_of_several_is_not_carried(made: str) -> None:
    found = _resources(BASE + f'NAMES = ["a"]\nRESOURCES = [{{"name": "users"}}, *[{made}]]\n' + CONFIG)
    assert [one.is_carried for one in found.drafts] == [True, False]


@pytest.mark.parametrize(("condition", "auth"), [("token", {"type": "bearer"}), ("other()", None)])
def test_a_way_that_a_token_switches_on_is_one_and_any_other_choice_is_code(condition: str, auth: Any) -> None:
    way = f'{{"type": "bearer", "token": token}} if {condition} else None'
    found = _resources(
        "def source(token=dlt.secrets.value):\n"
        f'    client = {{"base_url": "https://api.example.com", "auth": ({way})}}\n'
        '    rest_api_source({"client": client, "resources": ["a"]})\n'
    )
    assert found.client.get("auth") == auth
    assert bool(found.losses) == (auth is None)


@pytest.mark.parametrize(
    ("start", "ours"),
    [
        ("pendulum.today().subtract(days=30).to_iso8601_string()", "-30d"),
        ("pendulum.now('UTC').subtract(months=2)", "-2mo"),
        ("pendulum.now().subtract(days=N)", None),
    ],
)
def test_a_start_before_now_is_one(start: str, ours: str | None) -> None:
    mark = f'{{"cursor_path": "at", "initial_value": {start}}}'
    found = _resources(BASE + f'RESOURCES = [{{"name": "a", "endpoint": {{"incremental": {mark}}}}}]\n' + CONFIG)
    assert found.drafts[0].endpoint["incremental"].get("initial_value") == ours


def test_dlts_own_incremental_is_a_parameter_of_that_type() -> None:
    since = 'dlt.sources.incremental("at", initial_value="2025-01-01")'
    found = _resources(
        BASE + f'RESOURCES = [{{"name": "a", "endpoint": {{"params": {{"since": {since}}}}}}}]\n' + CONFIG
    )
    expected = {"type": "incremental", "cursor_path": "at", "initial_value": "2025-01-01"}
    assert found.drafts[0].endpoint["params"] == {"since": expected}


def test_headers_that_were_secrets_alone_leave_nothing() -> None:
    client = '{"base_url": "https://a.example.com", "headers": {"X-Token": dlt.secrets["k"]}}'
    found = _resources(f'config = {{"client": {client}, "resources": ["a"]}}')
    assert found.client["auth"] == {"type": "api_key", "name": "X-Token", "location": "header"}
    assert "headers" not in found.client


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ('{**COMMON, "a": 1}', {"a": 1}),
        ("dict(a=1, **common())", {"a": 1}),
        ('{NAME: "x", "a": 1}', {"a": 1}),
        ('{**{"b": 2}, "a": 1}', {"b": 2, "a": 1}),
    ],
)
def test_what_goes_into_a_dictionary_from_elsewhere_is_told(params: str, sent: dict[str, Any]) -> None:
    resources = f'RESOURCES = [{{"name": "users", "endpoint": {{"params": {params}}}}}]\n'
    config, doubts = config_in(BASE + resources + CONFIG, "chat.py")
    assert config["resources"][0]["endpoint"]["params"] == sent
    assert any("in line 2 is not known without running the file" in one for one in doubts) == ("b" not in sent)


AB = 'LIST = ["a", "b"]\nBASED = {"path": "a"}\n'
LOOP = "RESOURCES = []\nfor one in LIST:\n"


@pytest.mark.parametrize(
    ("statements", "resources"),
    [
        (LOOP + "    if one == 'a':\n        continue\n    RESOURCES.append(one)\n", ["b"]),
        (LOOP + "    if one == 'b':\n        break\n    RESOURCES.append(one)\nelse:\n    LIST.clear()\n", ["a"]),
        (LOOP + "    RESOURCES.append(one)\nelse:\n    RESOURCES.append('c')\n", ["a", "b", "c"]),
        ("RESOURCES = LIST\ndel RESOURCES[0]\n", ["b"]),
        ("BASED.update(name='n')\nRESOURCES = [BASED]\n", [{"path": "a", "name": "n"}]),
        ("first = copy.copy(BASED)\nfirst['path'] = 'b'\nRESOURCES = [first, BASED]\n", [{"path": "b"}, {"path": "a"}]),
    ],
)
def test_statements_do_what_they_do_in_python(statements: str, resources: list[Any]) -> None:
    config, doubts = config_in(f"import copy\n{BASE}{AB}{statements}{CONFIG}", "chat.py")
    assert (config["resources"], doubts) == (resources, [])


@pytest.mark.parametrize(
    "statements",
    [
        "RESOURCES = LIST\nfirst = RESOURCES.pop()\n",
        "RESOURCES = [BASED]\nBASED.setdefault('x', []).append('y')\n",
        "RESOURCES = LIST\nmatch NAME:\n    case 'a':\n        RESOURCES.append('c')\n",
        "RESOURCES = LIST\nif NAME:\n    del RESOURCES[0]\n",
        "RESOURCES = LIST\nRESOURCES.extend(**NAME)\n",
        LOOP + "    if NAME:\n        continue\n    RESOURCES.append(one)\n",
        LOOP + "    if NAME:\n        break\n    RESOURCES.append(one)\n",
        *(
            f"if NAME:\n    BASED['path'] = 'b'\n    LIST.append('c')\nRESOURCES = {made}\n"
            for made in ("[{**BASED}]", "[BASED | {'x': 1}]", "LIST + ['d']", "[*LIST]", "list(LIST)", "[BASED.copy()]")
        ),
        "if NAME:\n    LIST.append('c')\n" + LOOP + "    RESOURCES.append(one)\n",
    ],
)
def test_a_change_that_only_a_run_makes_is_told_of_wherever_its_dictionary_went(statements: str) -> None:
    _, doubts = config_in(f"import copy, os\nNAME = os.getenv('N')\n{BASE}{AB}{statements}{CONFIG}", "chat.py")
    assert any("the dictionary is changed later" in one for one in doubts)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("date(2024, 1, 2).isoformat()", "2024-01-02"),
        ('pendulum.datetime(2024, 1, 2, tz="Europe/Berlin").isoformat()', None),
        ('f"{Pages.size!r}"', None),
        ('"/".join(["v1", "users"])', "v1/users"),
        ('"v%d/%s" % (2, "users")', "v2/users"),
        ('"{}/{name}".format("v1", name="users")', "v1/users"),
        ('f"{7:02d}" + str(1)', "071"),
        ("Pages.size * 2", 100),
        ("Pages().size", 50),
        ('"a" if Pages.size > 10 else "b"', "a"),
        ('PATHS["users"][-1]', "v1/users"),
        ('PATHS.get("rooms", "none")', "none"),
        ("datetime(2024, 1, 2).isoformat()", "2024-01-02T00:00:00Z"),
        ('pendulum.datetime(2024, 1, 2).strftime("%Y%m%d")', "20240102"),
        ("copy.deepcopy(PATHS)", {"users": ["v1/users"]}),
        ("made(3)", "v3"),
        ("(datetime.now(timezone.utc) - timedelta(days=7)).isoformat()", "{now-7d:iso}"),
        ('datetime.now().strftime("%Y-%m-%d")', "{now:%Y-%m-%d}"),
        ("pendulum.now().subtract(months=1)", None),
        ('"query { users { id } }"', "query {{ users {{ id }} }}"),
        ('"{ a } {incremental.start_value}"', "{{ a }} {incremental.start_value}"),
        ("made", None),
        ("unknown(3)", None),
    ],
)
def test_a_value_is_what_the_text_of_the_file_says(written: str, read: Any) -> None:
    before = 'from datetime import datetime, timedelta\nimport copy\nPATHS = {"users": ["v1/users"]}\n'
    before += "class Pages:\n    size = 50\ndef made(number):\n    return f'v{number}'\n"
    found = _resources(
        before + BASE + f'RESOURCES = [{{"name": "a", "endpoint": {{"params": {{"x": {written}}}}}}}]\n' + CONFIG
    )
    assert found.drafts[0].endpoint.get("params", {}).get("x") == read


def test_a_function_with_a_choice_that_only_a_run_makes_is_code() -> None:
    made = "def made():\n    if more():\n        return 'a'\n    return 'b'\n"
    found = _resources(
        made + BASE + 'RESOURCES = [{"name": "a", "endpoint": {"params": {"x": made(), "y": 1}}}]\n' + CONFIG
    )
    assert found.drafts[0].endpoint["params"] == {"y": 1}


@pytest.mark.parametrize(
    ("written", "format_"),
    [(".timestamp()", "epoch_seconds"), (".strftime('%d.%m.%Y')", "%d.%m.%Y"), (".isoformat()", None)],
)
def test_a_start_before_now_is_sent_as_it_was(written: str, format_: str | None) -> None:
    mark = f'{{"cursor_path": "at", "initial_value": (datetime.now() - timedelta(days=30)){written}}}'
    found = _resources(BASE + f'RESOURCES = [{{"name": "a", "endpoint": {{"incremental": {mark}}}}}]\n' + CONFIG)
    assert found.drafts[0].endpoint["incremental"].get("format") == format_
    assert found.drafts[0].endpoint["incremental"]["initial_value"] == "-30d"


def test_a_parameter_of_the_api_that_is_called_resource_stays_as_it_is() -> None:
    resources = """RESOURCES = [
        {"name": "user-groups"}, {"name": "roles", "endpoint": {"params": {"resource": "user-groups"}}}]\n"""
    found = _resources(BASE + resources + CONFIG)
    assert found.drafts[1].endpoint["params"] == {"resource": "user-groups"}


def test_a_name_that_no_file_takes_is_a_plain_one_wherever_it_stands() -> None:
    resources = """RESOURCES = [
        {"name": "user-groups"},
        {"name": "members", "endpoint": {"path": "user-groups/{resources.user-groups.id}/members"}},
        {"name": "owners", "endpoint": {"path": "groups/{id}/owners",
            "params": {"id": {"type": "resolve", "resource": "user-groups", "field": "id"}}}},
    ]\n"""
    found = _resources(BASE + resources + CONFIG)
    assert [one.name for one in found.drafts] == ["user_groups", "members", "owners"]
    assert found.drafts[0].endpoint["path"] == "user-groups"
    assert found.drafts[1].endpoint["path"] == "user-groups/{resources.user_groups.id}/members"
    assert found.drafts[2].endpoint["params"]["id"]["resource"] == "user_groups"


def test_code_among_response_actions_is_told_and_the_others_stay() -> None:
    actions = '[set_encoding, {"status_code": 404, "action": "ignore"}]'
    found = _resources(
        "def set_encoding(response):\n    return response\n"
        f'{BASE}RESOURCES = [{{"name": "a", "processing_steps": [], "endpoint": {{"response_actions": {actions}}}}}]\n'
        + CONFIG
    )
    assert found.drafts[0].endpoint["response_actions"] == [{"status_code": 404, "action": "ignore"}]
    assert [one.words for one in found.drafts[0].losses if one.kind == "loss"] == [
        "response_actions is code, which no API file holds; see steps, or definitions_for from Python"
    ]


def test_a_text_beside_a_secret_is_asked_about_since_the_variable_takes_both() -> None:
    auth = '{"type": "http_basic", "username": f"{email}/token", "password": token}'
    client = f'{{"base_url": "https://a.example.com", "auth": {auth}}}'
    found = _resources(
        "def source(email=dlt.secrets.value, token=dlt.secrets.value):\n"
        f'    rest_api_source({{"client": {client}, "resources": ["a"]}})\n'
    )
    assert found.client["auth"] == {"type": "http_basic"}
    assert [one.words for one in found.losses] == ["its username has /token beside the secret; the variable takes both"]


@pytest.mark.parametrize(
    ("before", "name"),
    [
        ('name = "us"\nname += "ers"\n', "users"),
        ('first, name = "a", "users"\n', "users"),
        ('name = "" or "users"\n', "users"),
        ('name = "users" and "rooms"\n', "rooms"),
        ('names = {one: one.lower() for one in ("A", "USERS")}\nname = names["USERS"]\n', "users"),
        ('def called(one, more="s"):\n    return one + more\nname = called("user")\n', "users"),
        ('def called(one, more="s"):\n    return one + more\nname = called("user", more="x")\n', "userx"),
        ('rest = {"one": 1}\ndel rest["one"]\ndel rest\nname = "users"\n', "users"),
    ],
    ids=["added", "pairs", "or", "and", "by name", "a default", "a word", "taken out"],
)
def test_what_a_name_stands_for_is_followed(before: str, name: str) -> None:
    config, doubts = config_in(f'{BASE}{before}RESOURCES = [{{"name": name}}]\n{CONFIG}', "chat.py")

    assert (config["resources"], doubts) == ([{"name": name}], [])


def test_a_config_that_is_cast_is_read_and_the_function_that_finds_the_last_value_kept() -> None:
    incremental = '{"cursor_path": "at", "last_value_func": max}'
    resource = f'{{"name": "users", "endpoint": {{"incremental": {incremental}}}}}'
    text = f'{BASE}config = cast(RESTAPIConfig, {{"client": {{"base_url": BASE}}, "resources": [{resource}]}})\n'

    config, doubts = config_in(text, "chat.py")

    assert config["resources"][0]["endpoint"]["incremental"]["last_value_func"] == "max"
    assert doubts == []


@pytest.mark.parametrize(
    ("text", "told"),
    [("config = {", "is no Python that can be read, line 1"), ("a = 1", "holds no dictionary with client and")],
)
def test_a_file_without_a_config_is_told(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        config_in(text, "chat.py")
