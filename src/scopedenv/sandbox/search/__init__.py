"""Which schedule next. Pure: no process, no pipe, no clock."""
