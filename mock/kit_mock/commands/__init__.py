"""The subcommands of `kit-mock`."""
