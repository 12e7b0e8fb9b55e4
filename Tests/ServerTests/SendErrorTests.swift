import Glibc
import SystemIO
import Testing

/// Whose fault it is that nothing could be sent.
struct SendErrorTests {
  @Test func whatThisMachineRefusesSaysNothingOfAnUpstream() {
    for code in [EPERM, ENOBUFS, ENOMEM, EAGAIN, EMSGSIZE, EACCES, EINVAL] {
      #expect(!SystemError("send", code: code).isOfPeer, "\(SystemError.text(code))")
    }
    for code in [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH] { #expect(SystemError("send", code: code).isOfPeer) }
  }
}
