@main
struct Infercam {
  static func main() {}
}
