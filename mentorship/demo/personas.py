"""Who can be become with one press in the demo bar."""

from __future__ import annotations

from typing import NamedTuple

PASSWORD = "demo-password-1"  # noqa: S105  (printed by `make demo`; the demo guards nothing)


class Persona(NamedTuple):
    email: str
    name: str
    about: str


PERSONAS = (
    Persona("sam@demo.test", "Sam", "student, one session left"),
    Persona("sue@demo.test", "Sue", "student, in grace"),
    Persona("nia@demo.test", "Nia", "student, nothing bought yet"),
    Persona("wim@demo.test", "Wim", "student, comes too late"),
    Persona("gus@demo.test", "Gus", "student, first in line with Ada"),
    Persona("zoe@demo.test", "Zoe", "student, a seat is on offer"),
    Persona("dan@demo.test", "Dan", "student, a request was approved"),
    Persona("cleo@demo.test", "Cleo", "student, says something was wrong"),
    Persona("mia@demo.test", "Mia", "mentor in Lagos"),
    Persona("max@demo.test", "Max", "mentor in Berlin"),
    Persona("lea@demo.test", "Lea", "mentor in Paris, a vacation ahead"),
    Persona("admin@demo.test", "Admin", "sees everything"),
)
