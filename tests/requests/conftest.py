from __future__ import annotations

from tests.rooms.conftest import as_, at_, monday_noon

__all__ = ["as_", "at_", "monday_noon"]
