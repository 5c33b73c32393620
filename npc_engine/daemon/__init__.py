"""The front process: sockets, the request table, admission and the worker's supervisor."""
