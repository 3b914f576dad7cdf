"""The classifier: a small residual network; its head is global average pooling and a linear layer.

With that head Grad-CAM on the last feature map has a closed form: the map of class k is
ReLU(sum over channels c of weight[k, c] * feature[c]) up to a constant factor.
"""

import torch
from torch import nn


class ConvNorm(nn.Module):
  """3x3 or 1x1 convolution, then batch normalisation (folded into the convolution on export)."""

  def __init__(self, inputs, outputs, kernel, stride):
    super().__init__()
    self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    self.norm = nn.BatchNorm2d(outputs)

  def forward(self, x):
    return self.norm(self.conv(x))


class Block(nn.Module):
  """Two 3x3 convolutions with a shortcut, a 1x1 convolution when the shape changes."""

  def __init__(self, inputs, outputs, stride):
    super().__init__()
    self.first = ConvNorm(inputs, outputs, 3, stride)
    self.second = ConvNorm(outputs, outputs, 3, 1)
    same = inputs == outputs and stride == 1
    self.shortcut = None if same else ConvNorm(inputs, outputs, 1, stride)

  def forward(self, x):
    y = self.second(torch.relu(self.first(x)))
    return torch.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class SurfaceNet(nn.Module):
  """[N, 3, 160, 160] -> logits [N, classes]; the last feature map is [N, 96, 10, 10]."""

  def __init__(self, classes):
    super().__init__()
    self.stem = nn.ModuleList([ConvNorm(3, 16, 3, 2), ConvNorm(16, 32, 3, 2)])  # 80, 40
    self.blocks = nn.ModuleList([
      Block(32, 32, 1),  # 40
      Block(32, 64, 2),  # 20
      Block(64, 64, 1),
      Block(64, 96, 2),  # 10
      Block(96, 96, 1),
    ])
    self.head = nn.Linear(96, classes)

  def features(self, x):
    for layer in self.stem:
      x = torch.relu(layer(x))
    for block in self.blocks:
      x = block(x)
    return x

  def forward(self, x):
    return self.head(self.features(x).mean(dim=(2, 3)))

  def class_maps(self, features):
    """Features [N, C, h, w] -> each class's evidence per cell [N, classes, h, w], without ReLU."""
    return torch.einsum("kc,nchw->nkhw", self.head.weight, features)
