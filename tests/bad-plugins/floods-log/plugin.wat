;; Logs a hundred thousand lines and then does its work. It is no failure: the log is cut, the call goes on.
(module
  (import "wingman:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    ;; A bump allocator: the next multiple of the alignment.
    (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (data (i32.const 40) "hello")
  (func (export "wingman:plugin/preset@0.1.0#normalize")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32) (result i32)
    (local $left i32)
    (local.set $left (i32.const 100000))
    (loop $again
      (call $log (i32.const 3) (i32.const 40) (i32.const 5) (i32.const 0) (i32.const 0))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    ;; ok([])
    (i32.store8 (i32.const 16) (i32.const 0))
    (i32.store (i32.const 24) (i32.const 0))
    (i32.store (i32.const 28) (i32.const 0))
    (i32.const 16)))
