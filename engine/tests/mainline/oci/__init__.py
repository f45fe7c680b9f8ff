"""Tests of `mainline.oci`."""
