"""A judge model that is none: real HTTP on loopback, each provider's wire, any trouble on request."""

from tests.mock_judge.behaviour import Behaviour, Received
from tests.mock_judge.server import MockJudge

__all__ = ["Behaviour", "MockJudge", "Received"]
