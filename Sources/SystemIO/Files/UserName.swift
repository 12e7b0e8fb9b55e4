import Glibc

extension System {
  /// What this process's user is called, or else the number.
  public static var ownUserName: String { userName(geteuid()) ?? "\(geteuid())" }

  /// What a user is called; nil when nobody is known by the number. It may ask a directory service, so it is for
  /// messages of commands alone.
  static func userName(_ user: uid_t) -> String? {
    var entry = unsafe passwd()  // unsafe: its texts are not read before the call has set them.
    var found: UnsafeMutablePointer<passwd>?
    var texts = [CChar](repeating: 0, count: 16 << 10)
    // unsafe: the call fills in the entry, whose texts lie in the array, whose length it is given; they are copied while both live.
    return unsafe texts.withUnsafeMutableBufferPointer { texts in
      guard let start = texts.baseAddress,
        unsafe getpwuid_r(user, &entry, start, texts.count, &found) == 0, unsafe found != nil
      else { return nil }
      return unsafe entry.pw_name.map { unsafe String(cString: $0) }
    }
  }
}
