"""A person's calendar: a day, a week, a month or a list of what is booked, asked for, proposed and running out.

`span` says which days are looked at, `reading` what lies in them (a fixed number of queries), `days` puts it on the
days of the zone it is shown in, `drawing` lays a day out in hours, `clocks` speaks of zones, `views` has the two pages.
"""
