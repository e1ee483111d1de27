/// Every method that this broker reads or writes: the class in the upper 16 bits, the method in the lower.
package enum MethodID: UInt32, CaseIterable, Sendable {
    case connectionStart = 0x000a_000a
    case connectionStartOK = 0x000a_000b
    case connectionSecure = 0x000a_0014
    case connectionSecureOK = 0x000a_0015
    case connectionTune = 0x000a_001e
    case connectionTuneOK = 0x000a_001f
    case connectionOpen = 0x000a_0028
    case connectionOpenOK = 0x000a_0029
    case connectionClose = 0x000a_0032
    case connectionCloseOK = 0x000a_0033
    case connectionBlocked = 0x000a_003c
    case connectionUnblocked = 0x000a_003d
    case connectionUpdateSecret = 0x000a_0046
    case connectionUpdateSecretOK = 0x000a_0047
    case channelOpen = 0x0014_000a
    case channelOpenOK = 0x0014_000b
    case channelFlow = 0x0014_0014
    case channelFlowOK = 0x0014_0015
    case channelClose = 0x0014_0028
    case channelCloseOK = 0x0014_0029
    case accessRequest = 0x001e_000a
    case accessRequestOK = 0x001e_000b
    case exchangeDeclare = 0x0028_000a
    case exchangeDeclareOK = 0x0028_000b
    case exchangeDelete = 0x0028_0014
    case exchangeDeleteOK = 0x0028_0015
    case exchangeBind = 0x0028_001e
    case exchangeBindOK = 0x0028_001f
    case exchangeUnbind = 0x0028_0028
    case exchangeUnbindOK = 0x0028_0033
    case queueDeclare = 0x0032_000a
    case queueDeclareOK = 0x0032_000b
    case queueBind = 0x0032_0014
    case queueBindOK = 0x0032_0015
    case queueUnbind = 0x0032_0032
    case queueUnbindOK = 0x0032_0033
    case queuePurge = 0x0032_001e
    case queuePurgeOK = 0x0032_001f
    case queueDelete = 0x0032_0028
    case queueDeleteOK = 0x0032_0029
    case basicQos = 0x003c_000a
    case basicQosOK = 0x003c_000b
    case basicConsume = 0x003c_0014
    case basicConsumeOK = 0x003c_0015
    case basicCancel = 0x003c_001e
    case basicCancelOK = 0x003c_001f
    case basicPublish = 0x003c_0028
    case basicReturn = 0x003c_0032
    case basicDeliver = 0x003c_003c
    case basicGet = 0x003c_0046
    case basicGetOK = 0x003c_0047
    case basicGetEmpty = 0x003c_0048
    case basicAck = 0x003c_0050
    case basicReject = 0x003c_005a
    case basicRecoverAsync = 0x003c_0064
    case basicRecover = 0x003c_006e
    case basicRecoverOK = 0x003c_006f
    case basicNack = 0x003c_0078
    case confirmSelect = 0x0055_000a
    case confirmSelectOK = 0x0055_000b
    case txSelect = 0x005a_000a
    case txSelectOK = 0x005a_000b
    case txCommit = 0x005a_0014
    case txCommitOK = 0x005a_0015
    case txRollback = 0x005a_001e
    case txRollbackOK = 0x005a_001f

    package init?(classID: UInt16, methodID: UInt16) { self.init(rawValue: UInt32(classID) << 16 | UInt32(methodID)) }

    package var classID: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 16) }
    package var methodID: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

    /// Whether a content header and body frames follow it.
    package var hasContent: Bool {
        switch self {
        case .basicPublish, .basicReturn, .basicDeliver, .basicGetOK: true
        default: false
        }
    }

    /// Whether a client may send it.
    package var isForServer: Bool {
        switch self {
        case .connectionStart, .connectionSecure, .connectionTune, .connectionOpenOK, .connectionBlocked,
            .connectionUnblocked, .connectionUpdateSecretOK, .channelOpenOK, .accessRequestOK, .exchangeDeclareOK,
            .exchangeDeleteOK, .exchangeBindOK, .exchangeUnbindOK, .queueDeclareOK, .queueBindOK, .queueUnbindOK,
            .queuePurgeOK, .queueDeleteOK, .basicQosOK, .basicConsumeOK, .basicReturn, .basicDeliver, .basicGetOK,
            .basicGetEmpty, .basicRecoverOK, .confirmSelectOK, .txSelectOK, .txCommitOK, .txRollbackOK:
            false
        default: true
        }
    }
}
