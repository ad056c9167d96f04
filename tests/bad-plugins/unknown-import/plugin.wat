;; Imports an interface that nobody knows.
(component
  (import "acme:files/disk@1.0.0" (instance))
  (instance $nothing)
  (export "wingman:plugin/preset@0.1.0" (instance $nothing)))
