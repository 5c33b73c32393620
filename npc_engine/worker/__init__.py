"""The disposable process that runs the scheduler and one engine."""
