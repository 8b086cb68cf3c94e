"""The control plane: what is asked under `/_mock/`, beside the API, to look at the mock and to steer it."""
