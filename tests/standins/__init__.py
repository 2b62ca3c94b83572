"""Payment companies on loopback: real HTTP, real wire rules, money of their own. Nothing here imports `payments`.

In tests they run inside the process; `python -m tests.standins` runs all of them, for a person to click through.
"""
