"""The ways of an alert: what Slack-compatible chats, Teams and mail servers get, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Sequence
from email import message_from_string
from email.utils import parsedate_to_datetime
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.orchestration.alerts import delivery
from messaging_assets.orchestration.alerts.delivery import AlertFailed, mail, post
from messaging_assets.orchestration.alerts.messages import DAGSTER_VARIABLE
from messaging_assets.orchestration.alerts.news import GREEN, RED, WARNING, News
from messaging_assets_tests.certificates import certificate_in
from messaging_assets_tests.mail_server import MailServer
from messaging_assets_tests.threaded_server import Handler

RUN = "0a1b2c3d-0000-0000-0000-000000000000"
SENTENCE = "chat.messages: <!channel> & the selector '[data](http://x)' found nothing; correct data_selector."
ONE = [
    News(RED, SENTENCE, RUN, 0, "chat/messages", receipt={"verdict": "incomplete", "rows_read": 2_500, "retries": 0})
]
MANY = [
    News([RED, WARNING, GREEN][place % 3], f"asset {place}: broken.", RUN, 0, f"api/{place}") for place in range(25)
]


@pytest.fixture(autouse=True)
def ui(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DAGSTER_VARIABLE, "https://dagster.invalid")


def posted(news: Sequence[News], form: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a server on loopback gets."""
    bodies: list[bytes] = []

    class Taking(Handler):
        def do_POST(self) -> None:
            bodies.append(self.body())
            self.send_response(202)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Taking) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        monkeypatch.setenv(delivery.WEBHOOK_VARIABLE, f"http://127.0.0.1:{server.server_address[1]}/hook")
        monkeypatch.setenv(delivery.FORMAT_VARIABLE, form)
        post(news)
        thread.join()
    [body] = bodies
    return json.loads(body)


def mailed(server: MailServer, monkeypatch: pytest.MonkeyPatch, before: str = "", news: Sequence[News] = ONE) -> None:
    monkeypatch.setenv(delivery.SMTP_VARIABLE, f"smtp://{before}{server.address}")
    monkeypatch.setenv(delivery.TO_VARIABLE, "data@example.com, desk@example.com")
    monkeypatch.setenv(delivery.FROM_VARIABLE, "dagster@example.com")
    mail(news)


# Chats


def test_a_chat_gets_one_text_in_which_nothing_but_the_link_is_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    assert posted(ONE, "slack", monkeypatch) == {
        "text": "• red: chat.messages: &lt;!channel&gt; &amp; the selector '[data]\u200b(http://x)' found nothing; "
        f"correct data_selector. <https://dagster.invalid/runs/{RUN}|run 0a1b2c3d>\n"
        "verdict: incomplete, rows read: 2,500"
    }


def test_a_name_of_an_api_calls_nobody_in_a_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    news = [News(RED, "fields @channel, @HERE and '@all', not @allowed or @id", RUN, 0, "chat/messages")]
    said = posted(news, "slack", monkeypatch)["text"]
    assert "fields @\u200bchannel, @\u200bHERE and '@\u200ball', not @allowed or @id" in said


def test_a_chat_gets_one_message_of_many_and_not_a_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = posted(MANY, "slack", monkeypatch)["text"].splitlines()
    assert lines[0] == "9 red, 8 warning, 8 green again: api/0, api/1, api/2, ..."
    assert len(lines) == 12
    assert lines[-1] == "and 15 more; the UI shows all."


def test_teams_gets_an_adaptive_card_whose_text_knows_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    message = posted(ONE, "teams", monkeypatch)
    assert message["type"] == "message"
    [attachment] = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    [[state, said], [numbers, link]] = [block["inlines"] for block in card["body"]]
    assert (state["text"], state["color"]) == ("red: ", "attention")
    assert said == {"type": "TextRun", "text": SENTENCE}
    assert numbers["text"] == "verdict: incomplete, rows read: 2,500 "
    assert link["selectAction"] == {"type": "Action.OpenUrl", "url": f"https://dagster.invalid/runs/{RUN}"}


def test_a_card_of_many_stays_below_what_teams_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    long = [News(RED, "word " * 1_000, RUN, 0, f"api/{place}") for place in range(200)]
    assert len(json.dumps(posted(long, "teams", monkeypatch))) < 28_000


# E-mail


def test_a_mail_server_gets_one_mail_with_the_sentence_the_numbers_and_the_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with MailServer() as server:
        mailed(server, monkeypatch)
    [raw] = server.mails
    got = message_from_string(raw)
    assert (got["From"], got["To"]) == ("dagster@example.com", "data@example.com, desk@example.com")
    assert "".join(str(got["Subject"]).split()).startswith("[messaging_assets]red:chat.messages:")
    text = got.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert text.decode() == (
        f"red: {SENTENCE}\nverdict: incomplete, rows read: 2,500\nhttps://dagster.invalid/runs/{RUN}"
    )


def test_a_mail_says_when_it_was_sent_and_which_one_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer() as server:
        mailed(server, monkeypatch)
        mailed(server, monkeypatch)
    first, second = map(message_from_string, server.mails)
    assert abs(parsedate_to_datetime(first["Date"]).timestamp() - time.time()) < 600
    assert first["Message-ID"].endswith("@example.com>")
    assert first["Message-ID"] != second["Message-ID"]


def test_a_mail_of_many_has_their_numbers_as_its_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer() as server:
        mailed(server, monkeypatch, news=[*MANY, News(RED, "a\r\nBcc: all@example.com", RUN, 0, "api/x\nBcc: you")])
    [raw] = server.mails
    subject = " ".join(str(message_from_string(raw)["Subject"]).split())
    assert subject == "[messaging_assets] 10 red, 8 warning, 8 green again: api/0, api/1, api/2, ..."
    assert not any(line.startswith("Bcc") for line in raw.split("\n\n")[0].splitlines())


def test_a_password_goes_over_tls_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    certificate = certificate_in(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with MailServer(certificate) as server:
        mailed(server, monkeypatch, "me:pass%2Fword@")
    assert len(server.mails) == 1
    assert [line for line in server.said if "AUTH" in line] == ["TLS AUTH PLAIN AG1lAHBhc3Mvd29yZA=="]


@pytest.mark.parametrize("is_known", [True, False], ids=["no TLS", "a certificate that nobody trusts"])
def test_a_server_that_could_be_anybody_gets_no_password_and_no_mail(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_known: bool
) -> None:
    with MailServer(None if is_known else certificate_in(tmp_path)) as server, pytest.raises(AlertFailed) as caught:
        mailed(server, monkeypatch, "me:canary-secret@")
    assert str(caught.value).endswith(f"see {delivery.SMTP_VARIABLE}.")
    assert "canary" not in str(caught.value)
    assert not [line for line in server.said if "AUTH" in line]
    assert server.mails == []


@pytest.mark.parametrize("address", ["mail.example.com", "http://127.0.0.1", "smtp://", "smtp://127.0.0.1:1"])
def test_an_address_that_is_none_of_a_mail_server_is_told(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv(delivery.SMTP_VARIABLE, address)
    monkeypatch.setenv(delivery.TO_VARIABLE, "data@example.com")
    with pytest.raises(AlertFailed, match=delivery.SMTP_VARIABLE):
        mail(ONE)


def test_a_mail_to_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(delivery.SMTP_VARIABLE, "smtp://127.0.0.1")
    with pytest.raises(AlertFailed, match=delivery.TO_VARIABLE):
        mail(ONE)


def test_a_mail_server_that_says_nothing_holds_no_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_TOTAL", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(delivery.SMTP_VARIABLE, f"smtp://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv(delivery.TO_VARIABLE, "data@example.com")
        with pytest.raises(AlertFailed, match="SMTPServerDisconnected"):
            mail(ONE)
