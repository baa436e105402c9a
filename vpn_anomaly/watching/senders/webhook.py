"""A webhook: an address of the web to which every event is posted as JSON."""

import base64
import http
import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request

from vpn_anomaly import __version__
from vpn_anomaly.watching.senders.addresses import WebhookAddress
from vpn_anomaly.watching.senders.delivery import Refused, Undelivered
from vpn_anomaly.watching.senders.receiver import Receiver

ANSWER_SECONDS = 10.0  # within which the receiver has to take the connection, and to answer
_TRIED_AGAIN = (http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.TOO_MANY_REQUESTS)


class Webhook(Receiver):
    """Posts a record as one JSON object. 2xx: it arrived; 408, 429 and 5xx are tried again, any other is refused.

    A redirection is refused as well: followed, a POST would become a GET without the event, or tell its address to
    another host. Proxies are those of the environment (`https_proxy`, `no_proxy`).
    """

    kind = "webhook"

    def __init__(self, address: WebhookAddress, answer_seconds: float = ANSWER_SECONDS):
        self.name = address.name
        self._address, self._seconds = address, answer_seconds
        self._opener = urllib.request.build_opener(_NoRedirection)
        self._headers = {"Content-Type": "application/json", "User-Agent": f"vpn_anomaly/{__version__}"}
        if address.user:
            self._headers["Authorization"] = f"Basic {base64.b64encode(address.user.encode()).decode()}"

    def deliver(self, record):
        content = json.dumps(record, allow_nan=False).encode()
        request = urllib.request.Request(self._address.url, content, self._headers, method="POST")
        try:
            with self._opener.open(request, timeout=self._seconds) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:  # any status but 2xx
            status = error.code
            error.close()
        except (OSError, http.client.HTTPException) as error:
            raise Undelivered(self._reason(error)) from None
        if 200 <= status < 300:
            return
        again = status in _TRIED_AGAIN or status >= 500
        raise (Undelivered if again else Refused)(f"it answers {_in_words(status)}")

    def _reason(self, error: Exception) -> str:
        """Why it cannot be reached, without the address, which messages of libraries may hold."""
        if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
            error = error.reason
        if isinstance(error, TimeoutError):
            return f"no answer within {self._seconds:g} s"
        if isinstance(error, socket.gaierror):
            return "its host is not known"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted ({error.verify_message})"
        if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
            return error.strerror.lower()
        return f"no answer that can be read ({type(error).__name__})"


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def _in_words(status: int) -> str:
    """The number with its standard meaning: what the receiver calls it is text from outside."""
    try:
        return f"{status} ({http.HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)
