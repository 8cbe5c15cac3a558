"""Who is told when an asset turns red or green: by a webhook, in three formats, and by e-mail.

Imports the rooms above, but not orchestration; touches Dagster's history and the network.
"""
