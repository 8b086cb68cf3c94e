"""A model of a Kit account: what it must hold after each request, whatever the requests were and in which order.

`rules` lists Kit's rules. `account` holds what the account must show. `actions_*` send requests through the client and
hold the answers against the model; `machine` puts them together, and `run` runs it.
"""
