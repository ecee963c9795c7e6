"""The peer: a Remote Scorer of the reference shape, FastAPI with LiteLLM.

`python -m benchmarks.peer_server PORT JUDGE_URL`
"""

import json
import secrets
import sys
import time
from typing import Annotated, Any

import litellm
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

TOKEN = "benchmark"
RUBRICS = {
    "hallucination": "Score from 0.0 (every claim is supported by the input) to 1.0 (fabricated).",
    "answer_relevance": "Score from 0.0 (off topic) to 1.0 (answers exactly what was asked).",
}
app = FastAPI()
bearer = HTTPBearer()
judge_url = ""


class EvaluateRequest(BaseModel):
    """The documented body."""

    scorer_name: str
    input: str | None = None
    output: str
    expected: str | None = None
    metadata: dict[str, Any] = {}


class EvaluateMetadata(BaseModel):
    """The documented metadata."""

    reason: str
    model: str
    elapsed_ms: int


class EvaluateResponse(BaseModel):
    """The documented answer."""

    value: float | str | bool
    metadata: EvaluateMetadata


def check_token(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> None:
    """Bearer only."""
    if not secrets.compare_digest(credentials.credentials, TOKEN):
        raise HTTPException(401, "invalid token")


@app.get("/health", dependencies=[Depends(check_token)])
async def health() -> dict[str, str]:
    """The server is up."""
    return {"status": "ok"}


@app.post("/evaluate", dependencies=[Depends(check_token)])
async def evaluate(request: EvaluateRequest) -> EvaluateResponse:
    """Ask the judge through LiteLLM, as the reference server does."""
    if request.scorer_name not in RUBRICS:
        raise HTTPException(400, "unsupported scorer_name")
    started = time.perf_counter()
    answer: Any = await litellm.acompletion(
        model="openai/gpt-4o-mini",
        api_base=judge_url,
        api_key="benchmark",
        temperature=0,
        timeout=60,
        response_format={"type": "json_object"},
        messages=[
            {
                "role": "system",
                "content": f"{RUBRICS[request.scorer_name]} Answer with JSON: score, reason.",
            },
            {
                "role": "user",
                "content": f"Input: {request.input}\nOutput: {request.output}\nExpected: {request.expected}",
            },
        ],
    )
    verdict = json.loads(answer.choices[0].message.content)
    return EvaluateResponse(
        value=verdict["score"],
        metadata=EvaluateMetadata(
            reason=verdict["reason"],
            model=answer.model,
            elapsed_ms=int(1000 * (time.perf_counter() - started)),
        ),
    )


if __name__ == "__main__":
    judge_url = sys.argv[2]
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
