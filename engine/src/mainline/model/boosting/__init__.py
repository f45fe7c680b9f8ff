"""Libraries that boost trees and are not part of scikit-learn: what they fitted as arrays, and as ONNX."""
