from tests.rooms.conftest import as_, at_, monday_noon  # noqa: F401
