"""What the pages of one list show of its being whole: counts, joins, what came again, what the API claims.

Imports foundation, description and answers; touches nothing.
"""
