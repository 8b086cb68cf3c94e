"""A model of a Kit account, which predicts its state after any sequence of requests.

`rules` lists Kit's rules. `account` is the model: what the account must show. `actions_*` send requests through the
client, by `driver`, and hold the answers against the model. `machine` puts the actions together and runs them.
"""
