"""Requests and responses of the desk's JSON API."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cunshi.core.errors import CunshiError, DiskError
from cunshi.core.i18n import _


class ApiError(Exception):
    """An error response: HTTP status, cause, remedy and details."""

    def __init__(self, status: int, cause: str, remedy: str = "", **more: Any):
        super().__init__(cause)
        self.status = status
        self.answer = {"error": cause, "remedy": remedy, **more}


@dataclass(frozen=True)
class ApiRequest:
    """A request: person, path and query parameters, and body (None without).

    ``session`` is the id of the session and ``address`` that of the client.
    """

    person: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None
    session: str = ""
    address: str = ""

    def field(self, name: str, kind: type[Any]) -> Any:
        """Return a field of the body; ApiError 400 if it is missing or has another type."""
        found = self.body.get(name) if isinstance(self.body, dict) else None
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
            raise ApiError(400, _("请求缺了 {name}").format(name=name))
        return found


def error_response(status: int, error: str, remedy: str = "", **more: Any) -> JSONResponse:
    """Return the JSON of an error response."""
    return JSONResponse({"error": error, "remedy": remedy, **more}, status)


def route(method: str, path: str, answer: Callable[[ApiRequest], Any]) -> Route:
    """Return a route that responds with JSON; ``answer`` runs in a thread and may raise
    ApiError.
    """

    def answer_to(request: Request, text: bytes) -> Any:
        person, session = (getattr(request.state, n, "") for n in ("person", "session"))
        address = request.client.host if request.client else ""
        body = _parse(text) if method in {"POST", "PUT"} else None
        path, query = request.path_params, request.query_params
        return answer(ApiRequest(person, path, query, body, session, address))

    async def endpoint(request: Request) -> Response:
        text = await request.body() if method in {"POST", "PUT"} else b""
        try:
            found = await run_in_threadpool(answer_to, request, text)
        except ApiError as refusal:
            return error_response(refusal.status, **refusal.answer)
        except CunshiError as error:
            return error_response(409, error.cause, error.remedy)
        except OSError as error:
            told = DiskError(error)
            return error_response(507, told.cause, told.remedy)
        return found if isinstance(found, Response) else JSONResponse(found)

    return Route(path, endpoint, methods=[method])


def _parse(text: bytes) -> Any:
    """Parse a JSON body; None if it is none. A large one takes long, and blocks its thread."""
    try:
        found = json.loads(text, parse_float=_finite, parse_constant=_finite) if text else {}
        # A lone surrogate can neither be stored nor returned.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found


def _finite(text: str) -> float:
    """Parse a number; reject NaN, Infinity and 1e999, which JSON cannot represent."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
