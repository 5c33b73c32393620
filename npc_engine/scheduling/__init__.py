"""Which job runs next and how much it may do: pure code, no sockets, no model, no clock."""
