"""The demo's world: mentors, students and a month of history, made by the real use-cases with a shifted clock."""
