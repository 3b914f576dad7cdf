import Attribution
import Images
import JSON

/// Where the evidence of a map lies in its input.
extension Classifier {
  /// The point [x, y] in which the rectified map balances, in pixels of the upright input, those of
  /// the model's input for a tensor; `nil` for a map that says nothing.
  func centerOfMass(of map: ClassActivationMap, in input: PreparedInput) -> [Double]? {
    guard map.degeneracy != .allZero, map.degeneracy != .nonFinite else { return nil }
    var (sum, x, y) = (0.0, 0.0, 0.0)
    for (cell, value) in map.rectified.enumerated() {
      sum += Double(value)
      x += Double(value) * (Double(cell % map.width) + 0.5)
      y += Double(value) * (Double(cell / map.width) + 0.5)
    }
    let affine = gridToInput(map, input)
    return [x / sum * affine[0] + affine[4], y / sum * affine[3] + affine[5]]
  }

  /// The box around the largest region in which the rectified map, scaled up to the model's input,
  /// reaches a share of its maximum; `nil` for a map that says nothing.
  func boxObject(
    around map: ClassActivationMap, threshold: Double, in input: PreparedInput
  ) -> JSONValue {
    guard map.degeneracy != .allZero, map.degeneracy != .nonFinite else { return .null }
    let placement: HeatmapPlacement
    switch input.content {
    case .image(_, let geometry, _): placement = HeatmapPlacement(overInput: geometry)
    case .tensor: placement = HeatmapPlacement(filling: modelSize)
    }
    let size = placement.target
    let values = placement.sample(map.rectified, width: map.width, height: map.height)
    guard let highest = values.max(), highest > 0,
      let region = largestRegion(
        of: values, width: size.width, height: size.height,
        threshold: Float(threshold) * highest)
    else { return .null }
    let sides = [region.x, region.y, region.x + region.width, region.y + region.height]
    var pixels = sides
    if case .image(_, let geometry, _) = input.content {
      let upright = geometry.uprightBox(of: region)
      pixels = [upright.x, upright.y, upright.x + upright.width, upright.y + upright.height]
    }
    let cells = sides.enumerated().map { side, pixel in
      side % 2 == 0
        ? Double(pixel * map.width) / Double(size.width)
        : Double(pixel * map.height) / Double(size.height)
    }
    return [
      "threshold": .double(threshold), "pixels": .array(pixels.map { JSONValue($0) }),
      "cells": .array(cells.map(JSONValue.double)),
    ]
  }

  /// The affine map from grid coordinates to pixels of the input.
  func gridToInput(_ map: ClassActivationMap, _ input: PreparedInput) -> [Double] {
    switch input.content {
    case .image(_, let geometry, _):
      return geometry.gridToUpright(width: map.width, height: map.height)
    case .tensor:
      return [
        Double(modelSize.width) / Double(map.width), 0, 0,
        Double(modelSize.height) / Double(map.height), 0, 0,
      ]
    }
  }
}
