"""Libraries that boost trees and are no part of scikit-learn: what they fitted as arrays, and as ONNX."""
