"""When assets are synced: by jobs, by schedules, and by sensors that look for what is new.

Imports the rooms above, but not orchestration; touches Dagster, and asks APIs for one page.
"""
