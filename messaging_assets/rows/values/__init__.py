"""Values of one column, from what JSON gives to what the table holds, without altering one in silence.

Imports foundation and Arrow; knows neither records nor the file.
"""
