"""The subcommands of `kit-mock`: options, and what each does."""
