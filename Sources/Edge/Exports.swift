// Routes are written in Hummingbird's terms: who imports Edge may name `Router`, `Request` and `Response`.
@_exported public import HTTPTypes
@_exported public import Hummingbird
