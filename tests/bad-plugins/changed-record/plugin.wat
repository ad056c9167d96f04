;; Exports normalize with types of its own.
(component
  (core module $code
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "normalize") (param i32 i32) (result i32) unreachable))
  (core instance $code (instantiate $code))
  (alias core export $code "memory" (core memory $memory))
  (alias core export $code "realloc" (core func $realloc))
  (alias core export $code "normalize" (core func $core))
  (func $normalize (param "delivery" string) (result string) (canon lift (core func $core) (memory $memory) (realloc $realloc)))
  (instance $preset (export "normalize" (func $normalize)))
  (export "wingman:plugin/preset@0.1.0" (instance $preset)))
