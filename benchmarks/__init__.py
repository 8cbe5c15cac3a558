"""How fast a sync is, beside the stock stack, a hand-written loop and other products; `make bench` runs it.

Nothing here imports another module further down:

    server.py        the API that every contender reads
    floor.py         a hand-written loop: the limit
    stock.py         dlt's rest_api in @dlt_assets, as its documentation writes it; loadable by Dagster
    ours.py          the description of the same API, and what is run of it
    contender.py     one contender, run once in a process of its own
    peers/           PyAirbyte and Singer, each in a virtual environment of its own
    measuring.py     child processes: seconds, CPU seconds, peak memory
    comparison.py    two tables, row for row
    goals.py         a goal with what was measured for it
    cases.py         the measurements, one function a row of the table of goals
    report.py, plot.py   words, CSV and SVG
"""
