"""What can happen to an account, whoever asks."""
