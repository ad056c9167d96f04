;; Imports wasi:http, which would go around the grants.
(component
  (import "wasi:http/outgoing-handler@0.2.0" (instance))
  (instance $nothing)
  (export "wingman:plugin/channel@0.1.0" (instance $nothing)))
