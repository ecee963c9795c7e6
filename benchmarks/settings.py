"""Settings of a server under measurement."""

from pathlib import Path

TOKEN = "benchmark"


def settings(folder: Path, *, judge_port: int | None = None, **others: str) -> dict[str, str]:
    """A data folder, a judge that costs nothing (the mock judge on this port), no gRPC; and what else."""
    judge = {"O2_JUDGE_URL": f"http://127.0.0.1:{judge_port}/v1"} if judge_port else {}
    return {
        "O2_JUDGE_AUTH_TOKEN": TOKEN,
        "O2_JUDGE_PROVIDER": "openai",
        "O2_JUDGE_API_KEY": "benchmark",
        "O2_JUDGE_MODEL": "gpt-4o-mini",
        # The mock judge counts as one that costs money: its provider is a public one.
        "SPANJUDGE_BUDGET_TOKENS_MONTH": "0",
        "SPANJUDGE_DATA_DIR": str(folder),
        "SPANJUDGE_GRPC_PORT": "off",
        "SPANJUDGE_LOG_LEVEL": "warning",
        **judge,
        **others,
    }
