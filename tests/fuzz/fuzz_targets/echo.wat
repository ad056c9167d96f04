;; A preset that returns the body of its delivery as if it were its result: whatever a component's memory may hold.
;; The body is copied to 4096, so the addresses in it can be chosen beforehand.
(module
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "wingman:plugin/preset@0.1.0#normalize")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32) (result i32)
    (memory.copy (i32.const 4096) (local.get 9) (local.get 10))
    (i32.const 4096)))
