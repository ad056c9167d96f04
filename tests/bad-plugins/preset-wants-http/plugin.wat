;; A preset that wants to call out; the contract gives presets the log and nothing else.
(component
  (import "wingman:plugin/http@0.1.0" (instance))
  (instance $nothing)
  (export "wingman:plugin/preset@0.1.0" (instance $nothing)))
