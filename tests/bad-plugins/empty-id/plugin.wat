;; Returns a message without an id, which could never be told from another.
(module
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
    (i32.store8 (i32.const 16) (i32.const 0))
    (i32.store (i32.const 24) (i32.const 1024))
    (i32.store (i32.const 28) (i32.const 1))
    ;; the first message: id at 0, text at 104
    (i32.store (i32.const 1024) (i32.const 8))
    (i32.store (i32.const 1028) (i32.const 0))
    (i32.store (i32.const 1128) (i32.const 40))
    (i32.store (i32.const 1132) (i32.const 5))
    (i32.const 16)))
