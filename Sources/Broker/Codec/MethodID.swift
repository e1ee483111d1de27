/// Every method that this broker reads or writes: the class in the upper 16 bits, the method in the lower.
package enum MethodID: UInt32, CaseIterable, Sendable {
    case connectionStart = 0x000a000a
    case connectionStartOK = 0x000a000b
    case connectionSecure = 0x000a0014
    case connectionSecureOK = 0x000a0015
    case connectionTune = 0x000a001e
    case connectionTuneOK = 0x000a001f
    case connectionOpen = 0x000a0028
    case connectionOpenOK = 0x000a0029
    case connectionClose = 0x000a0032
    case connectionCloseOK = 0x000a0033
    case connectionBlocked = 0x000a003c
    case connectionUnblocked = 0x000a003d
    case connectionUpdateSecret = 0x000a0046
    case connectionUpdateSecretOK = 0x000a0047
    case channelOpen = 0x0014000a
    case channelOpenOK = 0x0014000b
    case channelFlow = 0x00140014
    case channelFlowOK = 0x00140015
    case channelClose = 0x00140028
    case channelCloseOK = 0x00140029
    case accessRequest = 0x001e000a
    case accessRequestOK = 0x001e000b
    case exchangeDeclare = 0x0028000a
    case exchangeDeclareOK = 0x0028000b
    case exchangeDelete = 0x00280014
    case exchangeDeleteOK = 0x00280015
    case exchangeBind = 0x0028001e
    case exchangeBindOK = 0x0028001f
    case exchangeUnbind = 0x00280028
    case exchangeUnbindOK = 0x00280033
    case queueDeclare = 0x0032000a
    case queueDeclareOK = 0x0032000b
    case queueBind = 0x00320014
    case queueBindOK = 0x00320015
    case queueUnbind = 0x00320032
    case queueUnbindOK = 0x00320033
    case queuePurge = 0x0032001e
    case queuePurgeOK = 0x0032001f
    case queueDelete = 0x00320028
    case queueDeleteOK = 0x00320029
    case basicQos = 0x003c000a
    case basicQosOK = 0x003c000b
    case basicConsume = 0x003c0014
    case basicConsumeOK = 0x003c0015
    case basicCancel = 0x003c001e
    case basicCancelOK = 0x003c001f
    case basicPublish = 0x003c0028
    case basicReturn = 0x003c0032
    case basicDeliver = 0x003c003c
    case basicGet = 0x003c0046
    case basicGetOK = 0x003c0047
    case basicGetEmpty = 0x003c0048
    case basicAck = 0x003c0050
    case basicReject = 0x003c005a
    case basicRecoverAsync = 0x003c0064
    case basicRecover = 0x003c006e
    case basicRecoverOK = 0x003c006f
    case basicNack = 0x003c0078
    case confirmSelect = 0x0055000a
    case confirmSelectOK = 0x0055000b
    case txSelect = 0x005a000a
    case txSelectOK = 0x005a000b
    case txCommit = 0x005a0014
    case txCommitOK = 0x005a0015
    case txRollback = 0x005a001e
    case txRollbackOK = 0x005a001f

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
