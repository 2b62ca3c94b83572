"""A mentor's own hours, seen and changed: the week, single dates, vacations, booking rules, the zone."""
