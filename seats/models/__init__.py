from seats.models.seat import Seat, SeatEvent, kept_until_later
from seats.models.waiting import WaitingPlace

__all__ = ["Seat", "SeatEvent", "WaitingPlace", "kept_until_later"]
