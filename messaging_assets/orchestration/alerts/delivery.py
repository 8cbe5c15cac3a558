"""One message on its way: posted to a webhook, or handed to a mail server, within some ten seconds."""

from __future__ import annotations

import logging
import os
import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import requests
import urllib3.exceptions
from requests.utils import get_environ_proxies

from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.wire.connections import Adapter
from messaging_assets.http.wire.deadline import current, within
from messaging_assets.orchestration.alerts.messages import FORMATS, as_mail
from messaging_assets.orchestration.alerts.news import News

WEBHOOK_VARIABLE = "MESSAGING_ASSETS_ALERT_WEBHOOK"
FORMAT_VARIABLE = "MESSAGING_ASSETS_ALERT_FORMAT"
SMTP_VARIABLE = "MESSAGING_ASSETS_ALERT_SMTP"
TO_VARIABLE = "MESSAGING_ASSETS_ALERT_MAIL_TO"
FROM_VARIABLE = "MESSAGING_ASSETS_ALERT_MAIL_FROM"
_TIMEOUT = 5.0
# For one message from the connection to its answer, whatever the other side sends meanwhile.
_TOTAL = 10.0
_logger = logging.getLogger(__name__)


class AlertFailed(Exception):
    """A message was not taken; the text names the host only, because addresses hold secrets."""


def post(news: Sequence[News]) -> None:
    """Post one message to the webhook, once, in at most some ten seconds.

    Raises:
        AlertFailed: it did not get there.
    """
    webhook = os.environ[WEBHOOK_VARIABLE]
    written = FORMATS.get(os.environ.get(FORMAT_VARIABLE) or "json")
    if written is None:
        raise AlertFailed(f"{FORMAT_VARIABLE} is none of {', '.join(FORMATS)}.")
    trouble = ""
    try:
        parts = urlsplit(webhook)
        host = f"the webhook at {parts.hostname}"
        secrets = [webhook, parts.path, parts.query, parts.username or "", parts.password or ""]
        with (
            Redaction(secrets).on_loggers(),
            within(_TOTAL) as watched,
            requests.Session() as session,
            # Streamed and not read: what the webhook answers beyond its status is of no use here.
            _sent(session, webhook, written(news)) as answer,
        ):
            if watched.is_over:
                raise requests.Timeout
            if answer.status_code >= 300:
                trouble = f"{host} answered {answer.status_code}."
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        trouble = f"the webhook could not be reached ({type(error).__name__}); see {WEBHOOK_VARIABLE}."
    if trouble:
        raise AlertFailed(trouble)


def mail(news: Sequence[News]) -> None:
    """Hand one e-mail to the mail server, once, in at most some ten seconds.

    Raises:
        AlertFailed: it was not taken.
    """
    receivers = [one.strip() for one in os.environ.get(TO_VARIABLE, "").split(",") if one.strip()]
    if not receivers:
        raise AlertFailed(f"{TO_VARIABLE} names nobody; set it to one or more addresses, with commas between them.")
    trouble = ""
    try:
        parts = urlsplit(os.environ[SMTP_VARIABLE])
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError
        message = EmailMessage()
        message["Subject"], text = as_mail(news)
        sender = os.environ.get(FROM_VARIABLE) or receivers[0]
        message["To"], message["From"], message["Date"] = ", ".join(receivers), sender, localtime()
        # RFC 5322 wants the date; a mail without either is often taken for spam.
        message["Message-ID"] = make_msgid(
            domain=re.sub(r"[^A-Za-z0-9.-]", "", sender.rpartition("@")[2]) or "localhost"
        )
        message.set_content(text)
        with within(_TOTAL), _connected(parts) as server:
            refused = server.send_message(message)
        if refused:
            _logger.warning("The mail server refused %s of %s receivers of an alert.", len(refused), len(receivers))
    except (smtplib.SMTPException, OSError, ValueError) as error:
        trouble = f"the mail server did not take it ({type(error).__name__}); see {SMTP_VARIABLE}."
    if trouble:
        raise AlertFailed(trouble)


def _sent(session: requests.Session, webhook: str, message: Mapping[str, Any]) -> requests.Response:
    # Else requests would add what .netrc has for the host; proxies and certificates are looked up all the same.
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    return session.post(
        webhook,
        json=message,
        timeout=_TIMEOUT,
        allow_redirects=False,
        stream=True,
        proxies=get_environ_proxies(webhook),
        verify=_certificates() or True,
    )


class _Watched(smtplib.SMTP):
    """A conversation whose socket is shut at the deadline, because time limits begin anew with each byte."""

    def getreply(self) -> tuple[int, bytes]:
        if (watched := current()) is not None and self.sock is not None:
            watched.attach(self.sock)
        return super().getreply()


class _WatchedTLS(smtplib.SMTP_SSL, _Watched):
    """The same over TLS from the first byte."""


def _connected(parts: SplitResult) -> smtplib.SMTP:
    """A mail server that knows who is asking; a password is sent over TLS only."""
    context, host = ssl.create_default_context(cafile=_certificates()), parts.hostname or ""
    if parts.scheme == "smtps":
        server: smtplib.SMTP = _WatchedTLS(host, parts.port or 465, timeout=_TIMEOUT, context=context)
    else:
        server = _Watched(host, parts.port or (587 if parts.username else 25), timeout=_TIMEOUT)
    try:
        server.ehlo()
        # A server that should have TLS and says that it has none is not to be believed.
        if parts.scheme == "smtp" and (parts.username or server.has_extn("starttls")):
            server.starttls(context=context)
            server.ehlo()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _certificates() -> str | None:
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or None
