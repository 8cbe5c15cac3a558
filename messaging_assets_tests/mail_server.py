"""A mail server on loopback that takes every e-mail and keeps what was said to it (RFC 5321)."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path


class MailServer:
    """Listens on a free port; a context manager.

    Args:
        certificate: the certificate and its key, with which it offers STARTTLS; None offers none.
        greeting: what it says first.

    Attributes:
        mails: the e-mails that it took, as they came.
        said: every line of the clients, with `TLS ` before those that nobody else could read.
    """

    def __init__(self, certificate: tuple[Path, Path] | None = None, greeting: bytes = b"220 ready\r\n") -> None:
        self.mails: list[str] = []
        self.said: list[str] = []
        self._greeting = greeting
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> MailServer:
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with suppress(OSError), connection:
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.sendall(self._greeting)
        is_safe = False
        while True:
            line = self._line(connection)
            self.said.append(f"{'TLS ' if is_safe else ''}{line}")
            match line.split()[0].upper():
                case "EHLO":
                    more = b"" if is_safe or self._context is None else b"250-STARTTLS\r\n"
                    connection.sendall(b"250-here\r\n" + more + b"250 AUTH PLAIN\r\n")
                case "STARTTLS" if self._context is not None:
                    connection.sendall(b"220 go on\r\n")
                    connection = self._context.wrap_socket(connection, server_side=True)
                    is_safe = True
                case "STARTTLS":
                    connection.sendall(b"502 not here\r\n")
                case "AUTH":
                    connection.sendall(b"235 welcome\r\n")
                case "DATA":
                    connection.sendall(b"354 go on\r\n")
                    lines = []
                    while (text := self._line(connection)) != ".":
                        lines.append(text)
                    self.mails.append("\n".join(lines))
                    connection.sendall(b"250 taken\r\n")
                case "QUIT":
                    connection.sendall(b"221 bye\r\n")
                    connection.close()
                    return
                case _:
                    connection.sendall(b"250 fine\r\n")

    @staticmethod
    def _line(connection: socket.socket) -> str:
        came = b""
        while not came.endswith(b"\r\n"):
            if not (one := connection.recv(1)):
                raise ConnectionResetError
            came += one
        return came.decode().rstrip("\r\n")
