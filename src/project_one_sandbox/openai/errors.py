"""Refusals in OpenAI's shape: `{"error": {message, type, param, code}}`. Source: reference openai.md, section 3."""

from collections.abc import Mapping

from aiohttp import web

from project_one_sandbox import answers

INVALID = "invalid_request_error"


class OpenAIError(Exception):
    """`headers`: beside those of every answer, such as retry-after."""

    def __init__(  # noqa: PLR0913 - the fields of the vendor's body
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        kind: str = INVALID,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.kind = kind
        self.param = param
        self.headers = dict(headers or {})

    def answer(self) -> web.Response:
        body = {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}}
        return answers.json(body, self.status)


def wrong(param: str, message: str, code: str | None = None) -> OpenAIError:
    """400 for a value of the request."""
    return OpenAIError(400, message, param=param, code=code)


def no_model(name: str) -> OpenAIError:
    return OpenAIError(
        404, f"The model `{name}` does not exist or you do not have access to it.", code="model_not_found"
    )
