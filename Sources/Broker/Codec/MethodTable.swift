/// All methods, for whoever needs to go over them.
package enum MethodTable {
    /// The layout of each method, for the comparison with the specification.
    package static let all: [any Method.Type] = [
        ConnectionStart.self, ConnectionStartOK.self, ConnectionSecure.self, ConnectionSecureOK.self,
        ConnectionTune.self, ConnectionTuneOK.self, ConnectionOpen.self, ConnectionOpenOK.self, ConnectionClose.self,
        ConnectionCloseOK.self, ConnectionBlocked.self, ConnectionUnblocked.self, ConnectionUpdateSecret.self,
        ConnectionUpdateSecretOK.self, ChannelOpen.self, ChannelOpenOK.self, ChannelFlow.self, ChannelFlowOK.self,
        ChannelClose.self, ChannelCloseOK.self, AccessRequest.self, AccessRequestOK.self, ExchangeDeclare.self,
        ExchangeDeclareOK.self, ExchangeDelete.self, ExchangeDeleteOK.self, ExchangeBind.self, ExchangeBindOK.self,
        ExchangeUnbind.self, ExchangeUnbindOK.self, QueueDeclare.self, QueueDeclareOK.self, QueueBind.self,
        QueueBindOK.self, QueueUnbind.self, QueueUnbindOK.self, QueuePurge.self, QueuePurgeOK.self, QueueDelete.self,
        QueueDeleteOK.self, BasicQos.self, BasicQosOK.self, BasicConsume.self, BasicConsumeOK.self, BasicCancel.self,
        BasicCancelOK.self, BasicPublish.self, BasicReturn.self, BasicDeliver.self, BasicGet.self, BasicGetOK.self,
        BasicGetEmpty.self, BasicAck.self, BasicReject.self, BasicRecoverAsync.self, BasicRecover.self,
        BasicRecoverOK.self, BasicNack.self, ConfirmSelect.self, ConfirmSelectOK.self, TxSelect.self,
        TxSelectOK.self, TxCommit.self, TxCommitOK.self, TxRollback.self, TxRollbackOK.self,
    ]
}
