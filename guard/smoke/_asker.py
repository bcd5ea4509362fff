"""Ask an address of the own machine, again and again, whether an entry point answers there."""

from __future__ import annotations

import http.client
import socket
import threading


class Asker(threading.Thread):
    """Asks the same address again and again until it answers as wanted."""

    def __init__(self, host: str, port: int, path: str, wanted: int) -> None:
        super().__init__(name="guard-entry-http", daemon=True)
        self._host, self._port, self._path = host, port, path
        self._wanted = wanted
        self._over = threading.Event()
        self.answered = threading.Event()
        self.said = ""

    def is_taken(self) -> bool:
        """Whether something listens there already: it would answer for the entry point."""
        try:
            with socket.create_connection((self._host, self._port), 1.0):
                return True
        except OSError:
            return False

    def run(self) -> None:
        while not self._over.wait(0.05):
            connection = http.client.HTTPConnection(self._host, self._port, timeout=5.0)
            try:
                connection.request("GET", self._path)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException) as error:
                self.said = f"no answer: {error}"
            else:
                self.said = f"answered with {status}"
                if status == self._wanted:
                    self.answered.set()
                    return
            finally:
                connection.close()

    def stop(self) -> None:
        self._over.set()
        if self.is_alive():
            self.join(6.0)
