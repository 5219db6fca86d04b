"""Bad inputs of every reader and command, each with the outcome that it must have."""
