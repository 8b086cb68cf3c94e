"""The commands of `kit-client`, one module each.

A module has `add_to(commands)`, which declares the command and its options, and `run(options, context)`, which returns the
exit status. What only `run` needs is imported in it, as `--help` imports every module here.
"""
