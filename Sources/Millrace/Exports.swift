// A worker imports `Millrace` and its contracts; what it needs of the modules below comes with it.
@_exported public import Contracts
@_exported public import Edge
@_exported public import EventStore
@_exported public import Journal
@_exported public import Logging
@_exported public import Messaging
@_exported public import Postgres
@_exported public import Projections
@_exported public import Sagas
