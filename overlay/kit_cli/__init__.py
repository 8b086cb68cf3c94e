"""The command `kit-client`."""
