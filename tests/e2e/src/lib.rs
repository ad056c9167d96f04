//! Stories at the gateway's doors, told against the real binary. They are in `tests/`.
