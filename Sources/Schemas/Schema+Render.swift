import JSON
import Requests

extension Schema {
  /// What drawing a run anew came to.
  static let render = Schema(
    "render", "What came of drawing the maps of a run anew: what render prints",
    Keywords.object(
      [
        "run": Keywords.text("the run directory"), "output": Keywords.text("the folder"),
        "rendered": Keywords.count("items"), "files": Keywords.count(),
        "skipped": Keywords.count("items without a map of a class"),
        "failed": Keywords.array(
          of: Keywords.object(
            ["id": Keywords.string(), "error": Keywords.reference("error")],
            required: ["id", "error"])),
      ], required: ["run", "output", "rendered", "files", "skipped", "failed"]),
    terms: ["error": ErrorTerms.fault])

  /// A file that was drawn anew.
  static let drawn = Schema(
    "drawn", "A heatmap that was drawn anew: a line of heatmaps.jsonl",
    Keywords.object(
      [
        "id": Keywords.string("of the input"), "seq": Keywords.count(),
        "path": Keywords.text("below the folder"), "sha256": Keywords.sha256,
        "format": Keywords.words(HeatmapFormat.selectable),
        "target": Keywords.object(
          ["kind": Keywords.text(), "id": Keywords.string(), "index": Keywords.count()],
          required: ["kind", "id", "index"]),
        "width": Keywords.integer(1...Int.max), "height": Keywords.integer(1...Int.max),
        "normalize": Keywords.words(GradCAMOptions.Normalization.allCases),
        "colormap": Keywords.words(GradCAMOptions.Colormap.allCases), "overlay": Keywords.bool(),
      ],
      required: ["id", "seq", "path", "sha256", "format", "target", "width", "height", "normalize"]
    ))
}
