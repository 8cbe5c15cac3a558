"""How fast a sync is, beside the stock stack, a hand-written loop and other products; `make bench` runs it."""
