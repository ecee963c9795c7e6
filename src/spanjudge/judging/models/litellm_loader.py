"""Imports LiteLLM on first use, without its network fetches, its notices and its log lines."""

import importlib
import importlib.util
import logging
import os
import sys
import threading
import warnings
from types import ModuleType

from spanjudge.errors import MissingExtraError

OFFLINE = ("LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS")
"""Variables that keep LiteLLM from fetching its price map and header list from the network."""

ABOUT_ITSELF = r"Items? .* on TypedDict class"
"""How the warnings begin that LiteLLM's own types cause."""

_lock = threading.Lock()
_ours = False  # whether this process has LiteLLM only because of us
_users = 0


def require(provider: str) -> None:
    """Raise `MissingExtraError` when LiteLLM is not installed; does not import it."""
    if sys.modules.get("litellm") is None and importlib.util.find_spec("litellm") is None:
        raise MissingExtraError(f"provider “{provider}”", "litellm")


def load() -> ModuleType:
    """LiteLLM, imported (2 s and 170 MB: call it in a thread) and made quiet.

    An application that has imported LiteLLM itself keeps its own settings of it.
    """
    global _ours  # noqa: PLW0603 - a fact about the process, not about one object
    with _lock:
        if "litellm" in sys.modules:
            return sys.modules["litellm"]
        for name in OFFLINE:
            os.environ[name] = "True"
        # About LiteLLM's own types, at import and at first calls; nobody else could do anything about it.
        warnings.filterwarnings("ignore", message=ABOUT_ITSELF, category=UserWarning)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            litellm = importlib.import_module("litellm")
        _ours = True
        litellm.suppress_debug_info = True  # pyright: ignore[reportAttributeAccessIssue] - it would print
        litellm.telemetry = False  # pyright: ignore[reportAttributeAccessIssue] - settings are module attributes
        for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
            # Its lines may hold whole requests.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        return litellm


def providers() -> frozenset[str]:
    """All provider names LiteLLM knows."""
    return frozenset(str(getattr(name, "value", name)) for name in load().provider_list)


def use() -> None:
    """Note one more user of LiteLLM's connections."""
    global _users  # noqa: PLW0603 - as above
    _users += 1


async def release() -> None:
    """The last user closes LiteLLM's connections, unless the application uses LiteLLM as well."""
    global _users  # noqa: PLW0603 - as above
    _users -= 1
    if _users == 0 and _ours:
        await load().close_litellm_async_clients()
