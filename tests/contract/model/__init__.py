"""A model of a Kit account: what it must hold after each request, whatever the requests were and in which order.

`rules` lists Kit's rules. `account` is the model: what the account must show. `actions_*` send requests through the
client, by `driver`, and hold the answers against the model. `machine` puts the actions together and runs them.
"""
