import Testing

@testable import Runs

struct GlobTests {
  @Test(arguments: [
    ("*.jpg", "a.jpg", true), ("*.jpg", "x/a.jpg", true), ("*.jpg", "a.jpeg", false),
    ("a?.png", "ab.png", true), ("a?.png", "a.png", false), ("[a-c].png", "b.png", true),
    ("[!a-c].png", "b.png", false), ("[^a].png", "b.png", true), ("x/*.jpg", "x/a.jpg", true),
    ("x/*.jpg", "x/y/a.jpg", false), ("x/**/*.jpg", "x/y/z/a.jpg", true),
    ("x/**/*.jpg", "x/a.jpg", true), ("**/a.jpg", "a.jpg", true), ("**", "x/y", true),
    ("*", "anything", true), ("", "", true), ("", "a", false), ("a[", "a[", true),
    ("[]]", "]", true), ("\\*.jpg", "*.jpg", true), ("\\*.jpg", "a.jpg", false),
    ("*a*b*c*", "xxaxxbxxc", true), ("*a*b*c*", "xxaxxcxxb", false),
    ("a*a*a*a*b", "aaaaaaaaaa", false),
  ])
  func `a pattern matches what it should`(pattern: String, path: String, expected: Bool) {
    #expect(Glob(Array(pattern.utf8)).matches(Array(path.utf8)) == expected)
  }

  @Test func `bytes that are not UTF-8 are matched`() {
    #expect(Glob(Array("*.jpg".utf8)).matches([0xFF, 0xFE] + Array(".jpg".utf8)))
    #expect(Glob([0xFF, 0x3F]).matches([0xFF, 0x61]))
  }
}

struct HeatmapStemTests {
  @Test(arguments: [
    ("a.jpg", "a.jpg"), ("x/a.jpg", "x/a.jpg"), ("./a.jpg", "a.jpg"), ("/x/a.jpg", "%2F/x/a.jpg"),
    ("../a.jpg", "%2E%2E/a.jpg"), ("x//a", "x/%00/a"), ("x/./a", "x/%2E/a"),
    ("100%.png", "100%25.png"),
    ("a\nb", "a%0Ab"), ("x.png/a", "x%2Epng/a"), ("x.npy/a.png", "x%2Enpy/a.png"),
    ("a.raw", "a%2Eraw"), ("é.jpg", "é.jpg"), ("a\\b", "a%5Cb"), ("...", "%2E%2E%2E"),
  ])
  func `an id is mirrored`(id: String, stem: String) {
    #expect(heatmapStem(id: id) == stem)
  }

  @Test func `long ids are replaced by their digest`() {
    let long = String(repeating: "a", count: 300)
    #expect(heatmapStem(id: long).hasPrefix("%long/"))
    #expect(heatmapStem(id: long).utf8.count < 100)
    #expect(heatmapStem(id: long) != heatmapStem(id: long + "b"))
  }

  @Test(arguments: [
    ("a.jpg", "n02124075", "a.jpg.n02124075"), ("x/a.jpg", "tabby cat", "x/a.jpg.tabby%20cat"),
    ("a", "x.y", "a.x%2Ey"), ("a", "raw", "a.%72aw"), ("a", "../b", "a.%2E%2E%2Fb"),
    ("a", "ä", "a.%C3%A4"),
  ])
  func `a class of several is named behind the last dot`(
    id: String, classID: String, stem: String
  ) {
    #expect(heatmapStem(id: id, classID: classID) == stem)
  }

  @Test func `the name of a class leaves room for the file`() {
    let (long, longer) = (String(repeating: "a", count: 220), String(repeating: "c", count: 300))
    for (id, classID) in [(long, "n02124075"), ("a", longer), (long, longer)] {
      let stem = heatmapStem(id: id, classID: classID)
      let isShort = stem.split(separator: "/").allSatisfy { $0.utf8.count <= 230 }
      #expect(isShort, "\(stem)")
      #expect(stem != heatmapStem(id: id, classID: classID + "d"))
    }
  }

  @Test func `different ids have different names and stay inside`() {
    let pieces = [
      "", ".", "..", "a", "A", "%", "%2F", "%00", "a.png", "a.raw", "é", "e\u{301}", "/",
    ]
    var names: [[UInt8]: String] = [:]
    for first in pieces {
      for second in pieces {
        for third in pieces {
          let id = [first, second, third].joined(separator: "/")
          let stem = heatmapStem(id: id)
          let components = stem.utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
          #expect(!components.contains { $0.isEmpty || $0.allSatisfy { $0 == UInt8(ascii: ".") } })
          for suffix in [".png", ".npy", ".raw.npy"] {
            let name = Array((stem + suffix).utf8)
            // Only a leading "./" is dropped.
            let canonical = id.hasPrefix("./") ? String(id.dropFirst(2)) : id
            if let other = names[name] {
              let same = other.hasPrefix("./") ? String(other.dropFirst(2)) : other
              #expect(
                canonical.utf8.elementsEqual(same.utf8) || id.hasPrefix("././"), "\(id) \(other)")
            }
            names[name] = id
          }
        }
      }
    }
  }
}

struct FailOnTests {
  @Test(arguments: [
    ("any", 0, false), ("any", 1, true), ("all", 9, false), ("all", 10, true), ("never", 10, false),
    ("1", 1, false), ("1", 2, true), ("0", 1, true), ("10%", 1, false), ("10%", 2, true),
    ("0%", 1, true), ("12.5%", 1, false), ("12.5%", 2, true),
  ])
  func `failures beyond the allowance fail the run`(text: String, failed: Int, expected: Bool)
    throws
  {
    let failOn = try #require(FailOn(text))
    #expect(failOn.isExceeded(failed: failed, items: 10) == expected)
  }

  @Test(arguments: ["", "some", "-1", "101%", "%", "1.5"])
  func `what is no allowance is refused`(text: String) {
    #expect(FailOn(text) == nil)
  }
}
