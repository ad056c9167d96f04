;; Exports the right interface with nothing in it.
(component
  (instance $nothing)
  (export "wingman:plugin/preset@0.1.0" (instance $nothing)))
