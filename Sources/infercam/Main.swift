import Commands

#if canImport(Glibc)
import Glibc
#endif

@main
struct Infercam {
  static func main() {
    exit(runCommandLine())
  }
}
